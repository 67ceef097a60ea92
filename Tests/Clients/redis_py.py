"""redis-py against the server on the port given: strings, pipelines, errors, server commands, bytes as they are."""
import sys

import redis

port = int(sys.argv[1])
client = redis.Redis(port=port, socket_timeout=20)


def expect(got, wanted):
    if got != wanted:
        raise SystemExit(f"expected {wanted!r}, got {got!r}")


expect(client.ping(), True)
expect(client.flushall(), True)

# Strings with every option of SET.
expect(client.set("k", "v"), True)
expect(client.get("k"), b"v")
expect(client.set("k", "w", nx=True), None)
expect(client.set("k", "w", xx=True, get=True), b"v")
expect(client.set("t", "v", ex=1000), True)
expect(client.set("t", "w", keepttl=True), True)
expect(client.set("past", "v", pxat=1), True)
expect(client.get("past"), None)
expect(client.mset({"a": 1, "b": b"\x00\r\n\xff"}), True)
expect(client.mget("a", "b", "nosuch"), [b"1", b"\x00\r\n\xff", None])
expect(client.append("a", "2"), 2)
expect(client.incr("a"), 13)
expect(client.decr("a", 20), -7)
expect(client.incrby("a", 7), 0)
expect(client.strlen("b"), 4)
expect(client.exists("a", "b", "nosuch", "a"), 3)
expect(client.type("a"), b"string")
expect(client.delete("a", "nosuch"), 1)

# A large value and a pipeline of many requests.
big = bytes(range(256)) * 8192
expect(client.set("big", big), True)
expect(client.get("big"), big)
pipeline = client.pipeline(transaction=False)
for number in range(2000):
    pipeline.set(f"p:{number}", number).get(f"p:{number}")
expect(pipeline.execute(), [answer for number in range(2000) for answer in (True, b"%d" % number)])

# A scan meets what stays, once, while other keys come and go; its cursors survive the client's parsing.
stay = {b"stay:%d" % number for number in range(3000)}
client.mset({key: 1 for key in stay})
met = []
for at, key in enumerate(client.scan_iter(match="stay:*", count=50)):
    met.append(key)
    if at % 100 == 0:
        client.mset({b"come:%d:%d" % (at, number): 1 for number in range(500)})
        client.delete(*[b"come:%d:%d" % (at - 300, number) for number in range(500)])
expect(len(met), 3000)
expect(set(met), stay)
expect(set(client.scan_iter(match="stay:1*", count=1000, _type="string")), {key for key in stay if key.startswith(b"stay:1")})
expect(list(client.scan_iter(_type="list")), [])
expect(client.randomkey() is not None, True)
expect(client.keys("stay:77"), [b"stay:77"])
expect(client.rename("stay:77", "renamed"), True)
expect(client.copy("renamed", "stay:77"), True)
expect(client.move("renamed", 5), True)
expect(client.object("ENCODING", "stay:77"), b"int")

# Errors raise and leave the connection usable.
try:
    client.incr("big")
except redis.ResponseError as error:
    expect(str(error), "value is not an integer or out of range")
else:
    raise SystemExit("INCR of a text did not fail")
expect(client.echo("still there"), b"still there")

# Server commands, as the client parses them.
expect(client.info("server")["tcp_port"], port)
expect(client.config_get("maxmemory"), {"maxmemory": "0"})
expect(client.config_set("maxmemory-policy", "allkeys-lru"), True)
expect(client.client_setname("py"), True)
expect(client.client_getname(), "py")
expect([row["name"] for row in client.client_list() if row["name"]], ["py"])
expect(len(client.time()), 2)
expect(client.command_count() > 0, True)
expect(client.dbsize() > 2000, True)
expect(client.wait(0, 10), 0)

# Another database on another connection.
other = redis.Redis(port=port, db=5, client_name="other")
expect(other.get("k"), None)
expect(other.set("k", 1), True)
expect(other.flushdb(), True)
expect(client.get("k"), b"w")

# A killed connection breaks once, and is opened again.
expect(other.client_kill_filter(_id=client.client_id()), 1)
try:
    client.ping()
except redis.ConnectionError:
    pass
expect(client.get("k"), b"w")
print("ok")
