// ioredis against the server on the port and with the password given, in RESP2 and RESP3: transactions, subscriptions, notifications, redirected tracking, MONITOR.
const assert = require('assert');
const { once } = require('events');
const Redis = require('ioredis');

const connect = (protocol) => new Redis({ port: Number(process.argv[2]), password: process.argv[3], protocol });

async function run(protocol) {
  const client = connect(protocol);
  const other = connect(protocol);
  await client.flushall();
  await transactions(client, other);
  await subscriptions(protocol, other);
  await notifications(protocol, client);
  await tracking(client, other);
  await monitor(client, other);
  await client.quit();
  await other.quit();
}

async function transactions(client, other) {
  assert.deepStrictEqual(await client.multi().set('k', 1).incr('k').get('nosuch').exec(), [[null, 'OK'], [null, 2], [null, null]]);
  await client.watch('k');
  await other.incr('k');
  assert.strictEqual(await client.multi().set('k', 100).exec(), null);
  assert.strictEqual(await client.get('k'), '3');
  await assert.rejects(client.multi().set('k').exec(), /EXECABORT/);
}

async function subscriptions(protocol, other) {
  const subscriber = connect(protocol);
  assert.strictEqual(await subscriber.subscribe('news', 'more'), 2);
  assert.strictEqual(await subscriber.psubscribe('n*'), 3);
  const direct = once(subscriber, 'message');
  const matched = once(subscriber, 'pmessage');
  assert.strictEqual(await other.publish('news', 'hello'), 2);
  assert.deepStrictEqual(await direct, ['news', 'hello']);
  assert.deepStrictEqual(await matched, ['n*', 'news', 'hello']);
  assert.deepStrictEqual(await other.pubsub('NUMSUB', 'news', 'nosuch'), ['news', 1, 'nosuch', 0]);
  if (protocol === 3) assert.strictEqual(await subscriber.get('k'), '3');
  else await assert.rejects(subscriber.get('k'), /subscriber mode/);
  assert.strictEqual(await subscriber.unsubscribe('news', 'more'), 1);
  assert.strictEqual(await subscriber.punsubscribe('n*'), 0);
  assert.strictEqual(await subscriber.get('k'), '3');
  const shard = once(subscriber, 'smessage');
  await subscriber.ssubscribe('shard');
  assert.strictEqual(await other.spublish('shard', 'hello'), 1);
  assert.deepStrictEqual(await shard, ['shard', 'hello']);
  await subscriber.quit();
}

async function notifications(protocol, client) {
  await client.config('SET', 'notify-keyspace-events', 'Ex');
  const subscriber = connect(protocol);
  await subscriber.subscribe('__keyevent@0__:expired');
  const expired = once(subscriber, 'message');
  await client.set('due', 'v', 'PX', 30);
  assert.deepStrictEqual(await expired, ['__keyevent@0__:expired', 'due']);
  await client.config('SET', 'notify-keyspace-events', 'KEA');
  await subscriber.psubscribe('__key*__:*');
  const told = [];
  const all = new Promise((resolve) => { subscriber.on('pmessage', (pattern, channel, message) => { if (told.push(`${channel} ${message}`) === 4) resolve(); }); });
  await client.multi().lpush('list', 'a').del('list').exec();
  await all;
  assert.deepStrictEqual(told, ['__keyspace@0__:list lpush', '__keyevent@0__:lpush list', '__keyspace@0__:list del', '__keyevent@0__:del list']);
  await client.config('SET', 'notify-keyspace-events', '');
  await subscriber.quit();
}

// The receiver speaks RESP2, since the client hands no other pushes on than those of subscriptions.
async function tracking(client, other) {
  const receiver = connect(2);
  const id = await receiver.client('ID');
  await receiver.subscribe('__redis__:invalidate');
  assert.strictEqual(await client.client('TRACKING', 'ON', 'REDIRECT', id), 'OK');
  await client.get('k');
  const told = once(receiver, 'message');
  await other.set('k', 'changed');
  assert.deepStrictEqual((await told).map(String), ['__redis__:invalidate', 'k']);
  await client.client('TRACKING', 'OFF');
  await receiver.quit();
}

async function monitor(client, other) {
  const watcher = await client.monitor();
  const shown = once(watcher, 'monitor');
  await other.echo('seen');
  assert.deepStrictEqual((await shown)[1], ['echo', 'seen']);
  watcher.disconnect();
}

run(2).then(() => run(3)).then(() => console.log('ok'), (error) => { console.error(error); process.exit(1); });
