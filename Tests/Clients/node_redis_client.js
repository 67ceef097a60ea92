// node-redis against the server on the port given, in RESP2 and RESP3.
const assert = require('assert');
const { createClient } = require('redis');

async function run(RESP) {
  const client = createClient({ socket: { port: Number(process.argv[2]) }, RESP });
  await client.connect();
  await client.flushAll();
  assert.strictEqual(await client.set('k', 'v', { EX: 1000 }), 'OK');
  assert.strictEqual(await client.get('k'), 'v');
  assert.strictEqual(await client.set('k', 'w', { NX: true }), null);
  assert.strictEqual(await client.incrBy('n', 41), 41);
  assert.deepStrictEqual(await client.mGet(['k', 'nosuch', 'n']), ['v', null, '41']);
  const counts = await Promise.all(Array.from({ length: 2000 }, () => client.incr('p')));
  assert.strictEqual(counts[1999], 2000);
  await assert.rejects(client.incr('k'), /not an integer/);
  assert.ok((await client.info('server')).includes('tcp_port:' + process.argv[2]));
  await client.close();
}

run(2).then(() => run(3)).then(() => console.log('ok'), (error) => { console.error(error); process.exit(1); });
