"""The forms of ids in the site file."""

from typing import Annotated

from devices.checking import Limits

Id = Annotated[str, Limits(pattern=r"^[a-z0-9-]+$", max_length=64)]
PointPath = Annotated[str, Limits(pattern=r"^[a-z0-9-]+(/[a-z0-9-]+)*$", max_length=128)]
