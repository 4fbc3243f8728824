"""The signed webhook, as the program at the other end checks it."""

import hashlib
import hmac
import re
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from alerts.channel import ChannelError
from devices.catalog import Site
from tests.contracts.test_channels import Stage
from tests.support.clock import FakeClock
from tests.support.post_office import post_office


@pytest.fixture
def stage(site: Site, clock: FakeClock, tmp_path: Path) -> Iterator[Stage]:
    with post_office() as office:
        yield Stage("webhook", site, clock, tmp_path, office)


def test_the_signature_covers_time_and_body_and_the_id_stays_over_attempts(stage: Stage) -> None:
    stage.channel.send([stage.notice])
    stage.channel.send([stage.notice])
    first, second = stage.office.letters
    found = re.fullmatch(r"t=(\d+),v1=([0-9a-f]{64})", first.headers["Campus-Signature"])
    assert found is not None
    signed = found[1].encode() + b"." + first.body
    assert hmac.new(b"k3y", signed, hashlib.sha256).hexdigest() == found[2]
    assert first.headers["Campus-Delivery"] == second.headers["Campus-Delivery"] == "n1"
    told = orjson.loads(first.body)
    assert (told["id"], told["why"]) == ("n1", "raised")
    assert told["alert"]["text"] == "东门打开"
    assert told["alert"]["place_name_en"]


@pytest.mark.parametrize(
    ("status", "retry"),
    [(400, False), (401, False), (404, False), (302, False), (429, True), (500, True)],
)
def test_what_is_refused_for_good_is_told_apart_from_what_may_pass(
    stage: Stage, status: int, retry: bool
) -> None:
    stage.office.answers = [status]
    with pytest.raises(ChannelError) as caught:
        stage.channel.send([stage.notice])
    assert caught.value.retry is retry
    assert len(stage.office.letters) == 1


def test_a_missing_secret_names_its_file_and_is_tried_again(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "hook.key").unlink()
    with pytest.raises(ChannelError) as caught:
        stage.channel.send([stage.notice])
    assert caught.value.retry
    assert "hook.key" in str(caught.value)
