"""The templates of strangers: what they may, what they may not, and that none holds us up."""

import time
from collections.abc import Iterator

import pytest

from collectors import sandbox
from collectors.templates import STRIKES, SandboxedTemplates
from devices.foreign.haentities import TemplateError


@pytest.fixture(scope="module")
def templates() -> Iterator[SandboxedTemplates]:
    made = SandboxedTemplates()
    yield made
    made.close()


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{ value }}", "21.5"),
        ("{{ value_json.t }}", "21.456"),
        ("{{ value_json['t'] }}", "21.456"),
        ("{{ value_json.t | round(1) }}", "21.5"),
        ("{{ value_json.t | float(0) | round(0) }}", "21"),
        ("{{ value_json.text | float(-1) }}", "-1"),
        ("{{ value_json.text | int(default=7) }}", "7"),
        ("{{ value_json.hex | int(base=16) }}", "255"),
        ("{{ value_json.none | default('x') }}", "x"),
        ("{{ value_json.list[1] }}", "2"),
        ("{{ value_json.list | average }}", "2.0"),
        ("{{ (value_json.t * 9 / 5 + 32) | round(2) }}", "70.62"),
        ("{{ value_json.inner | from_json is defined }}", "True"),
        ("{{ (value_json.inner | from_json).a }}", "5"),
        ("{{ iif(value_json.t > 20, 'warm', 'cold') }}", "warm"),
        ("{% if value_json.t > 20 %}ON{% else %}OFF{% endif %}", "ON"),
        ("{{ value_json.at | timestamp_utc }}", "1970-01-01T00:01:40+0000"),
        ("{{ as_timestamp('1970-01-01T00:01:40+00:00') | int }}", "100"),
        ("{{ value_json.text | regex_replace('a', 'b') }}", "bbc"),
        ("{{ '%.1f' | format(value_json.t) }}", "21.5"),
        ("{{ value_json.t | is_defined }}", "21.456"),
        ("{{ value_json.list | select('>', 1) | list | length }}", "2"),
        ("{% set x = value_json.t | int %}{{ x + 1 }}", "22"),
        ("{{ value_json.on | bool }}", "True"),
    ],
)
def test_what_templates_of_devices_use(
    templates: SandboxedTemplates, template: str, text: str
) -> None:
    json = {"t": 21.456, "text": "abc", "hex": "ff", "list": [1, 2, 3], "inner": '{"a":5}',
            "at": 100, "on": "yes"}  # fmt: skip
    assert templates.render(template, "21.5", json, True) == text


HOSTILE = {
    "{{ 'a'*10**9 }}": "too long", "{{ [1]*10**9 }}": "too long",
    "{% for i in range(10**9) %}x{% endfor %}": "range",
    "{% for i in range(999) %}{% for j in range(999) %}{% for k in range(999) %}{% endfor %}"
    "{% endfor %}{% endfor %}": "took too long",
    "{{ 2**100000 }}": "too many digits", "{{ 10**4000 * 10**4000 }}": "too many digits",
    "{{ '%1000000000d' % 1 }}": "too long", "{{ '{:1000000000}'.format(1) }}": "memory",
    "{{ 'a'.ljust(10**9) }}": "memory", "{{ 'a'.center(10**10) }}": "memory",
    "{% set n = namespace(s='a') %}{% for i in range(40) %}{% set n.s = n.s ~ n.s %}{% endfor %}"
    "{{ n.s }}": "memory",
    "{% for i in range(999) %}{{ 'abcdefgh' }}{% endfor %}": "more than 4,096 characters",
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}": "nested too deep",
    "{{ value | regex_replace('(a+)+$','x') }}": "took too long",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}": "not given",
    "{{ value_json.x.__init__.__globals__ }}": "not given", "{{ cycler.__init__ }}": "not given",
    "{{ value_json.update({'a': 1}) }}": "not given", "{{ lipsum(100) }}": "undefined",
    "{% include '/etc/passwd' %}": "does not work", "{{ (((((": "does not work",
    "{{ value | is_defined }}{{ nothing | is_defined }}": "not there",
    "{{ states('sensor.x') }}": "undefined", "{{ value | float }}": "no number",
    "{{ " + "(" * 2000 + "1" + ")" * 2000 + " }}": "",
}  # fmt: skip


@pytest.mark.parametrize("template", HOSTILE, ids=[t[:40] for t in HOSTILE])
def test_what_hostile_templates_come_to_within_a_second(
    templates: SandboxedTemplates, template: str
) -> None:
    templates.render("{{ value }}", "ready", None, False)
    began = time.process_time()
    with pytest.raises(TemplateError) as raised:
        templates.render(template, "a" * 40 + "!", {"x": {}}, True)
    assert HOSTILE[template] in str(raised.value)
    assert time.process_time() - began < 1.0
    assert templates.render("{{ value }}", "still here", None, False) == "still here"


def test_a_template_that_always_takes_too_long_is_switched_off() -> None:
    templates = SandboxedTemplates()
    loop = "{% for i in range(999) %}{% for j in range(999) %}{% for k in range(99) %}{% endfor %}"
    loop += "{% endfor %}{% endfor %}"
    reasons = []
    for _ in range(STRIKES + 1):
        with pytest.raises(TemplateError) as raised:
            templates.render(loop, "", None, False)
        reasons.append(str(raised.value))
    templates.close()
    assert "switched off" in reasons[-1]
    assert all("stopped" in reason for reason in reasons[:-1])


def test_secrets_of_the_bridge_are_not_in_the_cage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAMPUS_MQTT_PASSWORD", "secret")
    templates = SandboxedTemplates()
    templates.render("{{ value }}", "", None, False)
    child = templates._child
    assert child is not None
    with open(f"/proc/{child.pid}/environ", "rb") as file:
        assert b"secret" not in file.read()
    templates.close()


def test_every_limit_is_on_in_the_sandbox() -> None:
    cage = sandbox.Cage()
    for template in ("{{ value.__class__ }}", "{{ range(10**6) }}", "{{ 2**100000 }}"):
        assert "no" in cage.answer({"template": template, "value": ""})
