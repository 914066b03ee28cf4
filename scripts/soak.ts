import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

/** `npm run soak -- NAME [--minutes 10] [--seed 1]` runs `test/soak/NAME.ts`; without a name, lists. */

/** The arguments of a soak, which stops by itself, and throws when a property does not hold. */
export interface SoakOptions {
  /** How long to run, in minutes. */
  minutes: number;
  /** Seed of everything random, so that a failure can be reproduced. */
  seed: number;
  log(line: string): void;
}

/** What every file under `test/soak` exports as `soak`. */
export type Soak = (options: SoakOptions) => Promise<void>;

const MAX_MINUTES = 7 * 24 * 60;
const folder = join(process.cwd(), 'test', 'soak');

function names(): string[] {
  try {
    return readdirSync(folder)
      .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
      .map((file) => file.slice(0, -'.ts'.length))
      .toSorted();
  } catch {
    return [];
  }
}

function readArguments() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { minutes: { type: 'string', default: '10' }, seed: { type: 'string' } },
  });
  const minutes = Number(values.minutes);
  if (!(minutes > 0 && minutes <= MAX_MINUTES)) {
    throw new Error(`--minutes must be a number above 0 and up to ${MAX_MINUTES}.`);
  }
  const seed = values.seed ?? String(crypto.getRandomValues(new Uint32Array(1))[0]);
  if (!/^\d{1,10}$/.test(seed) || Number(seed) >= 2 ** 32) {
    throw new Error(`--seed must be a whole number from 0 to ${2 ** 32 - 1}.`);
  }
  return { name: positionals[0], minutes, seed: Number(seed) };
}

async function main(): Promise<number> {
  const { name, minutes, seed } = readArguments();
  const known = names();
  const list = known.length === 0 ? 'There are none yet.' : `There are: ${known.join(', ')}.`;
  if (name === undefined) {
    process.stdout.write(`npm run soak -- NAME [--minutes 10] [--seed 1]. ${list}\n`);
    return 0;
  }
  if (!known.includes(name)) throw new Error(`There is no soak ${JSON.stringify(name)}. ${list}`);
  return run(name, minutes, seed);
}

async function run(name: string, minutes: number, seed: number): Promise<number> {
  const startedAt = performance.now();
  const say = (line: string) => {
    const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
    process.stdout.write(`[${seconds} s] ${line}\n`);
  };
  const again = `npm run soak -- ${name} --minutes ${minutes} --seed ${seed}`;
  say(`soak ${name}: ${minutes} minutes, seed ${seed}`);
  try {
    const { soak } = (await import(pathToFileURL(join(folder, `${name}.ts`)).href)) as {
      soak?: Soak;
    };
    if (typeof soak !== 'function') throw new Error(`test/soak/${name}.ts exports no soak.`);
    await soak({ minutes, seed, log: say });
  } catch (error) {
    say(error instanceof Error ? (error.stack ?? error.message) : String(error));
    say(`soak ${name}: FAILED with seed ${seed}; again: ${again}`);
    return 1;
  }
  say(`soak ${name}: held with seed ${seed}`);
  return 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}
