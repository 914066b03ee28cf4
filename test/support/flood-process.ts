import { type FloodName, floods } from './floods.ts';

/**
 * A program that runs one flood: `node flood-process.ts NAME URL ROOM`. It writes a line when the flood
 * has begun. When its stdin ends, it stops and writes its tally as JSON.
 */
const [name = '', url = '', roomId = ''] = process.argv.slice(2);
const flood = await floods[name as FloodName]({ url, roomId });
process.stdout.write('begun\n');
process.stdin.resume().once('end', () => void end());

async function end(): Promise<void> {
  const tally = await flood.stop();
  process.stdout.write(`${JSON.stringify(tally)}\n`, () => process.exit(0));
}
