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
  await scan(client);
  await client.close();
}

// The iterator sends each cursor back as it came; keys come and go meanwhile.
async function scan(client) {
  const stay = Array.from({ length: 3000 }, (_, at) => 'stay:' + at);
  await client.mSet(stay.flatMap((key) => [key, '1']));
  const met = [];
  let portions = 0;
  for await (const found of client.scanIterator({ MATCH: 'stay:*', COUNT: 50, TYPE: 'string' })) {
    met.push(...(Array.isArray(found) ? found : [found]));
    const come = Array.from({ length: 200 }, (_, at) => `come:${portions % 7}:${at}`);
    if (portions++ % 2 === 0) await client.mSet(come.flatMap((key) => [key, '1']));
    else await client.unlink(come);
  }
  assert.deepStrictEqual(met.sort(), stay.sort());
}

run(2).then(() => run(3)).then(() => console.log('ok'), (error) => { console.error(error); process.exit(1); });
