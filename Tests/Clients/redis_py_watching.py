"""redis-py against the server on the port and with the password given: transactions, subscriptions, notifications, redirected tracking, what operators watch."""
import sys
import threading

import redis

port = int(sys.argv[1])
password = sys.argv[2]
client = redis.Redis(port=port, password=password, socket_timeout=30, decode_responses=True)
other = redis.Redis(port=port, password=password, socket_timeout=30, decode_responses=True)


def expect(got, wanted):
    if got != wanted:
        raise SystemExit(f"expected {wanted!r}, got {got!r}")


def next_message(subscription):
    message = subscription.get_message(timeout=30)
    if message is None:
        raise SystemExit("no message came")
    return message["type"], message["channel"], message["data"]


# Transactions: queued at once, watched, retried.
expect(client.flushall(), True)
expect(client.pipeline().set("k", 1).incr("k").get("nosuch").execute(), [True, 2, None])
with client.pipeline() as pipeline:
    pipeline.watch("k")
    value = int(pipeline.get("k"))
    other.incr("k")
    pipeline.multi()
    pipeline.set("k", value + 100)
    try:
        pipeline.execute()
    except redis.WatchError:
        pass
    else:
        raise SystemExit("a changed key did not end the transaction")
expect(client.get("k"), "3")
expect(client.transaction(lambda pipe: (lambda now: (pipe.multi(), pipe.set("k", now * 2)))(int(pipe.get("k"))), "k"), [True])
expect(client.get("k"), "6")
try:
    client.pipeline().set("k", "text").incr("k").execute()
except redis.ResponseError as error:
    expect("not an integer" in str(error), True)

# Channels, patterns, shards, and their counts.
subscription = client.pubsub()
subscription.subscribe("news")
subscription.psubscribe("n*")
expect([next_message(subscription)[0] for _ in range(2)], ["subscribe", "psubscribe"])
expect(other.publish("news", "hello"), 2)
expect(next_message(subscription), ("message", "news", "hello"))
expect(next_message(subscription), ("pmessage", "news", "hello"))
expect(other.pubsub_channels(), ["news"])
expect(other.pubsub_numsub("news", "nosuch"), [("news", 1), ("nosuch", 0)])
expect(other.pubsub_numpat(), 1)
subscription.ping()
expect(next_message(subscription)[0], "pong")
subscription.unsubscribe()
subscription.punsubscribe()
expect([next_message(subscription)[0] for _ in range(2)], ["unsubscribe", "punsubscribe"])
subscription.close()

# Shard channels, which this version of the client has no calls for.
subscription = client.pubsub()
subscription.execute_command("SSUBSCRIBE", "shard")
expect(subscription.parse_response(timeout=30), ["ssubscribe", "shard", 1])
expect(other.execute_command("SPUBLISH", "shard", "hello"), 1)
expect(subscription.parse_response(timeout=30), ["smessage", "shard", "hello"])
expect(other.execute_command("PUBSUB", "SHARDNUMSUB", "shard"), ["shard", 1])
subscription.close()

# Notifications, of an expiry too.
expect(client.config_set("notify-keyspace-events", "KEA"), True)
subscription = client.pubsub()
subscription.psubscribe("__key*__:*")
expect(next_message(subscription)[0], "psubscribe")
other.set("due", "v", px=50)
told = [next_message(subscription)[1:] for _ in range(6)]
expect(told, [
    ("__keyspace@0__:due", "set"), ("__keyevent@0__:set", "due"), ("__keyspace@0__:due", "expire"), ("__keyevent@0__:expire", "due"),
    ("__keyspace@0__:due", "expired"), ("__keyevent@0__:expired", "due"),
])
subscription.close()
client.config_set("notify-keyspace-events", "")

# Tracking in RESP2: another connection is told.
subscription = client.pubsub()
subscription.subscribe("__redis__:invalidate")
expect(next_message(subscription)[0], "subscribe")
receiver = [row for row in client.client_list(_type="pubsub")][0]["id"]
tracking = redis.Redis(port=port, password=password, decode_responses=True, single_connection_client=True)
expect(tracking.execute_command("CLIENT", "TRACKING", "ON", "REDIRECT", receiver), "OK")
expect(tracking.client_getredir(), int(receiver))
tracking.get("k")
other.set("k", "changed")
expect(next_message(subscription), ("message", "__redis__:invalidate", ["k"]))
expect(tracking.client_trackinginfo()[1], ["on"])
expect(tracking.execute_command("CLIENT", "TRACKING", "OFF"), "OK")
expect(tracking.execute_command("CLIENT", "TRACKING", "ON", "REDIRECT", receiver, "BCAST", "PREFIX", "user:"), "OK")
other.mset({"user:2": 1, "user:1": 1, "order:1": 1})
expect(next_message(subscription), ("message", "__redis__:invalidate", ["user:1", "user:2"]))
other.flushall()
expect(next_message(subscription), ("message", "__redis__:invalidate", None))
other.set("k", 1)
subscription.close()

# What operators watch.
with client.monitor() as monitor:
    other.get("k")
    shown = monitor.next_command()
    expect((shown["db"], shown["command"], shown["client_type"]), (0, "GET k", "tcp"))
client.config_set("slowlog-log-slower-than", 0)
other.set("slow", "v")
expect("SET slow v" in [entry["command"].decode() if isinstance(entry["command"], bytes) else entry["command"] for entry in client.slowlog_get(20)], True)
expect(client.slowlog_reset(), True)
client.config_set("slowlog-log-slower-than", 10000)
info = client.info("everything")
expect(info["cmdstat_get"]["calls"] > 0, True)
expect(info["latency_percentiles_usec_get"]["p50"] > 0, True)
expect(info["tracking_clients"], 1)

# A pause holds writes back until it ends.
expect(client.client_pause(60000, all=False) if "all" in client.client_pause.__code__.co_varnames else client.execute_command("CLIENT", "PAUSE", 60000, "WRITE"), True)
held = threading.Thread(target=lambda: other.set("held", 1))
held.start()
held.join(0.2)
expect(held.is_alive() and client.get("held") is None, True)
expect(client.client_unpause(), "OK")
held.join(30)
expect(client.get("held"), "1")
print("ok")
