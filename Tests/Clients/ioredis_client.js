// ioredis against the server on the port given: strings, pipelines, errors.
const assert = require('assert');
const Redis = require('ioredis');

async function main() {
  const client = new Redis(Number(process.argv[2]));
  assert.strictEqual(await client.flushall(), 'OK');
  assert.strictEqual(await client.set('k', 'v', 'EX', 1000), 'OK');
  assert.strictEqual(await client.get('k'), 'v');
  assert.strictEqual(await client.set('k', 'w', 'NX'), null);
  assert.strictEqual(await client.incrby('n', 41), 41);
  assert.deepStrictEqual(await client.mget('k', 'nosuch', 'n'), ['v', null, '41']);
  const bytes = Buffer.from(Array.from({ length: 100000 }, (_, at) => at & 255));
  await client.set('bytes', bytes);
  assert.ok(bytes.equals(await client.getBuffer('bytes')));
  const pipeline = client.pipeline();
  for (let at = 0; at < 2000; at++) pipeline.incr('p');
  const results = await pipeline.exec();
  assert.deepStrictEqual(results[1999], [null, 2000]);
  await assert.rejects(client.incr('k'), /not an integer/);
  await scan(client);
  await client.quit();
}

// The stream parses each cursor and sends it back; keys come and go meanwhile.
async function scan(client) {
  const stay = Array.from({ length: 3000 }, (_, at) => 'stay:' + at);
  await client.mset(...stay.flatMap((key) => [key, '1']));
  const met = [];
  let portions = 0;
  for await (const keys of client.scanStream({ match: 'stay:*', count: 50 })) {
    met.push(...keys);
    const come = Array.from({ length: 500 }, (_, at) => `come:${portions % 7}:${at}`);
    if (portions++ % 2 === 0) await client.mset(...come.flatMap((key) => [key, '1']));
    else await client.unlink(...come);
  }
  assert.ok(portions > 60);
  assert.deepStrictEqual(met.sort(), stay.sort());
}

main().then(() => console.log('ok'), (error) => { console.error(error); process.exit(1); });
