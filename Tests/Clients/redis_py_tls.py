"""redis-py over TLS against the server on the port given: the authority, a certificate and its key are the other arguments."""
import sys

import redis

port, authority, certificate, key = sys.argv[1:]
client = redis.Redis(host="localhost", port=int(port), socket_timeout=20, ssl=True, ssl_ca_certs=authority, ssl_certfile=certificate, ssl_keyfile=key)


def expect(got, wanted):
    if got != wanted:
        raise SystemExit(f"expected {wanted!r}, got {got!r}")


expect(client.ping(), True)
big = b"\x00\r\n\xff" * 100_000
expect(client.set("big", big), True)
expect(client.get("big"), big)
with client.pipeline(transaction=False) as pipeline:
    for i in range(2000):
        pipeline.echo(str(i))
    expect(pipeline.execute(), [str(i).encode() for i in range(2000)])

subscriber = client.pubsub(ignore_subscribe_messages=True)
subscriber.subscribe("channel")
subscriber.get_message(timeout=20)
expect(client.publish("channel", "message"), 1)
message = None
while message is None:
    message = subscriber.get_message(timeout=20)
expect(message["data"], b"message")
print("ok")
