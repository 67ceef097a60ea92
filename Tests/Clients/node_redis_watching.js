// node-redis against the server on the port and with the password given, in RESP2 and RESP3: transactions, subscriptions, notifications, client-side caching.
const assert = require('assert');
const redis = require('redis');

const port = Number(process.argv[2]);

async function connect(RESP, more = {}) {
  const client = redis.createClient({ socket: { port }, password: process.argv[3], RESP, ...more });
  client.on('error', () => {});
  await client.connect();
  return client;
}

async function run(RESP) {
  const client = await connect(RESP);
  const other = await connect(RESP);
  await client.flushAll();
  await transactions(client, other);
  await subscriptions(RESP, other);
  await notifications(RESP, client);
  await redirectedTracking(client, other);
  if (RESP === 3) await caching(other);
  await client.close();
  await other.close();
}

async function transactions(client, other) {
  assert.deepStrictEqual(await client.multi().set('k', '1').incr('k').get('nosuch').exec(), ['OK', 2, null]);
  await client.watch('k');
  await other.incr('k');
  await assert.rejects(client.multi().set('k', '100').exec(), redis.WatchError);
  assert.strictEqual(await client.get('k'), '3');
}

async function subscriptions(RESP, other) {
  const subscriber = await connect(RESP);
  const heard = [];
  let wake;
  const both = new Promise((resolve) => { wake = resolve; });
  const hear = (message, channel) => { if (heard.push(`${channel} ${message}`) === 2) wake(); };
  await subscriber.subscribe('news', hear);
  await subscriber.pSubscribe('n*', hear);
  assert.strictEqual(await other.publish('news', 'hello'), 2);
  await both;
  assert.deepStrictEqual(heard, ['news hello', 'news hello']);
  if (RESP === 3) assert.strictEqual(await subscriber.get('k'), '3');
  await subscriber.unsubscribe('news');
  await subscriber.pUnsubscribe('n*');
  // In RESP2 the client goes on to hand out buffers after it has subscribed.
  assert.strictEqual(String(await subscriber.get('k')), '3');
  const shard = new Promise((resolve) => { subscriber.sSubscribe('shard', (message, channel) => resolve([channel, message])); });
  while (await other.sPublish('shard', 'hello') === 0);
  assert.deepStrictEqual(await shard, ['shard', 'hello']);
  assert.deepStrictEqual({ ...await other.pubSubShardNumSub('shard') }, { shard: 1 });
  await subscriber.sUnsubscribe('shard');
  await subscriber.close();
}

async function notifications(RESP, client) {
  await client.configSet('notify-keyspace-events', 'Ex');
  const subscriber = await connect(RESP);
  const expired = new Promise((resolve) => { subscriber.subscribe('__keyevent@0__:expired', resolve); });
  await client.set('due', 'v', { PX: 50 });
  assert.strictEqual(await expired, 'due');
  await client.configSet('notify-keyspace-events', '');
  await subscriber.close();
}

// What the receiver is told comes as a message of a channel, since it speaks RESP2 as the client expects of such messages.
async function redirectedTracking(client, other) {
  const receiver = await connect(2);
  const id = await receiver.clientId();
  const told = new Promise((resolve) => { receiver.subscribe('__redis__:invalidate', (message) => resolve(message)); });
  while ((await other.pubSubNumSub('__redis__:invalidate'))['__redis__:invalidate'] === 0);
  await client.clientTracking(true, { REDIRECT: id });
  assert.strictEqual(await client.clientGetRedir(), id);
  await client.get('k');
  await other.set('k', 'changed');
  assert.deepStrictEqual([await told].flat().map(String), ['k']);
  await client.clientTracking(false);
  await receiver.close();
}

// The client's own cache is on: a value that was read is read again from it until the server says that it has changed.
async function caching(other) {
  const client = await connect(3, { clientSideCache: { ttl: 0, maxEntries: 0, evictPolicy: 'LRU' } });
  await other.set('cached', 'old');
  assert.strictEqual(await client.get('cached'), 'old');
  assert.strictEqual(await client.get('cached'), 'old');
  await other.set('cached', 'new');
  for (let tries = 0; await client.get('cached') !== 'new'; tries++) {
    assert.ok(tries < 1000, 'the cache was not invalidated');
    await new Promise((resolve) => { setTimeout(resolve, 10); });
  }

  await client.close();
}

run(2).then(() => run(3)).then(() => console.log('ok'), (error) => { console.error(error); process.exit(1); });
