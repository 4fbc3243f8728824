"""One sensor or actuator family a file; `devices.driver.DRIVERS` finds them."""
