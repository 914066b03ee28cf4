import { type FloodName, floods } from './floods.ts';

/**
 * One flood as a process of its own: `node flood-process.ts NAME URL ROOM`. Writes a line when it has
 * begun; ends with its stdin, and then writes what it has met with.
 */
const [name = '', url = '', roomId = ''] = process.argv.slice(2);
const flood = await floods[name as FloodName]({ url, roomId });
process.stdout.write('begun\n');
process.stdin.resume().once('end', () => void end());

async function end(): Promise<void> {
  const tally = await flood.stop();
  process.stdout.write(`${JSON.stringify(tally)}\n`, () => process.exit(0));
}
