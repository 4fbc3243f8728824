# Two commands do everything: `make run` starts the whole monitor, `make test` passes the tests.
