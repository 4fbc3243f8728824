"""`campus enroll | revoke | scene`: letting nodes in, and playing mishaps on simulated ones."""

import argparse
import contextlib
import json
import secrets
from typing import TYPE_CHECKING, Any

from dashboard.commands.place import Workplace, add_place_options, workplace
from devices import wire
from devices.catalog import Site
from devices.errors import CampusError, TransportError
from devices.model import NodeId, PointId

if TYPE_CHECKING:
    from collectors.requests import Requester

ATTEMPTS = 4
PATIENCE_S = 4.0


def add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    for name, run, text in (
        ("enroll", run_enroll, "let a node in: prints once what it needs to connect"),
        ("revoke", run_revoke, "shut a node out"),
    ):
        verb = verbs.add_parser(name, help=text)
        verb.add_argument("node", metavar="NODE", help="of the site file, or the name given before")
        kinds = verb.add_mutually_exclusive_group()
        kinds.add_argument(
            "--devices", action="store_true",
            help="NODE names devices without our code, such as tasmota, for the bridge to hear",
        )  # fmt: skip
        kinds.add_argument(
            "--reader", action="store_true",
            help="NODE names a program that only looks, such as home-assistant",
        )  # fmt: skip
        add_place_options(verb)
        verb.add_argument("--json", action="store_true", help="one JSON object, for programs")
        verb.set_defaults(run=run)
    scene = verbs.add_parser("scene", help="let something happen in the simulated school")
    scene.add_argument("scene", metavar="SCENE", nargs="?", help="none: lists them")
    scene.add_argument("--point", help="where; the scene has a usual place on each node")
    scene.add_argument("--node", help="on which node, where no point is named")
    add_place_options(scene)
    scene.set_defaults(run=run_scene, demo=True)


def _known_node(site: Site, node: str) -> NodeId:
    if node not in site.nodes:
        raise CampusError(f"the site file has no node {node!r}; it has {', '.join(site.nodes)}")
    return NodeId(node)


def run_enroll(args: argparse.Namespace) -> None:
    from collectors.enroll import enroll, enroll_devices, enroll_reader

    place = workplace(args)
    address = place.site.services.mqtt
    if args.devices or args.reader:
        let_in = enroll_devices if args.devices else enroll_reader
        made = let_in(args.node, place.data, address)
    else:
        made = enroll(_known_node(place.site, args.node), place.data, address)
    if args.json:
        print(json.dumps({"url": made.url, "user": made.user, "password": made.password}))
        return
    if args.devices or args.reader:
        print("This is shown once; enter it where the device or program asks for its MQTT broker:")
        print(f"  broker    {made.url}\n  user      {made.user}\n  password  {made.password}")
        return
    print(f"Node {args.node} may connect. This is shown once; put it on the node:")
    print("  in /etc/campus/node.env (mode 600), with deploy/campus-node.service:")
    print(f"  CAMPUS_NODE={args.node}")
    print(f"  CAMPUS_MQTT_URL={made.url}")
    print(f"  CAMPUS_MQTT_USER={made.user}")
    print(f"  CAMPUS_MQTT_PASSWORD={made.password}")


def run_revoke(args: argparse.Namespace) -> None:
    from collectors.enroll import FOREIGN, READER, revoke

    place = workplace(args)
    beginning = FOREIGN if args.devices else READER if args.reader else ""
    user = beginning + args.node if beginning else _known_node(place.site, args.node)
    was = revoke(user, place.data)
    if args.json:
        print(json.dumps({"node": args.node, "revoked": bool(was)}))
    else:
        print(f"Node {args.node} " + ("is shut out." if was else "had no password here."))


def run_scene(args: argparse.Namespace) -> None:
    from devices.simulation.school import SCENES

    if args.scene is None:
        for name, text in SCENES.items():
            print(f"  {name:22} {text}")
        return
    if args.scene not in SCENES:
        raise CampusError(f"no scene {args.scene!r}; there are {', '.join(SCENES)}")
    place = workplace(args)
    node = _scene_node(args, place)
    _send_scene(place, node, args.scene, {"point": args.point} if args.point else {})
    print(f"{node} plays {args.scene}.")


def _scene_node(args: argparse.Namespace, place: Workplace) -> NodeId:
    if args.point:
        point = place.site.points.get(PointId(args.point))
        if point is None:
            raise CampusError(f"the site file has no point {args.point!r}")
        return NodeId(point.node)
    if args.node:
        return _known_node(place.site, args.node)
    raise CampusError("say where: --point POINT or --node NODE")


def _ask(requester: "Requester", node: NodeId, command: "wire.NodeCommand") -> dict[str, Any]:
    """Its answer; asked again, for a node may be just about to connect."""
    topic, payload = wire.node_command_topic(node), wire.encode_node_command(command)
    for _ in range(ATTEMPTS - 1):
        with contextlib.suppress(TransportError):
            return wire.decode_object(requester.ask(topic, payload, PATIENCE_S))
    return wire.decode_object(requester.ask(topic, payload, PATIENCE_S))


def _send_scene(place: Workplace, node: NodeId, scene: str, args: dict[str, str]) -> None:
    """Returns once the node plays it. Raises CampusError where it cannot, or does not answer."""
    from collectors.mqtt import connect_to
    from collectors.requests import Requester

    command = wire.NodeCommand(secrets.token_hex(8), "simulate", {"scene": scene, **args})
    client = f"campus-scene-{secrets.token_hex(4)}"
    transport = connect_to(place.site, client, clean=True)
    requester = Requester(transport, client)
    transport.start()
    try:
        transport.wait_connected(5.0)
        said = _ask(requester, node, command)
    finally:
        transport.close()
    if said.get("ok") is not True:
        raise CampusError(str(said.get("error") or f"{node} cannot play {scene}"))
