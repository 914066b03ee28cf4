import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type Contestant, contestants, SEED } from './contestants.ts';
import { installRivals, rivals } from './rivals.ts';
import { Stage } from './stage.ts';
import { runHooks } from './plans/hooks.ts';
import { runIdle } from './plans/idle.ts';
import { runPage } from './plans/page.ts';
import { runRelays } from './plans/relays.ts';
import { runScale } from './plans/scale.ts';
import { runTalks } from './plans/talks.ts';

/** `npm run bench [-- --quick | --scale | --idle | --page | --relays | --hooks] [--members 10000] [--rivals] [--only native,gather] [--rounds 5]` */

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    scale: { type: 'boolean', default: false },
    idle: { type: 'boolean', default: false },
    page: { type: 'boolean', default: false },
    relays: { type: 'boolean', default: false },
    hooks: { type: 'boolean', default: false },
    /** With `--relays`: number of real sockets. `ulimit -n` bounds those of a process, such as to 20,000. */
    listeners: { type: 'string', default: '15000' },
    /** With `--idle`: number of sockets to each contestant, bounded like `--listeners`. */
    members: { type: 'string', default: '1000' },
    /** Also installs and measures servers of others. */
    rivals: { type: 'boolean', default: false },
    /** With `--page`: the folder of another checkout, measured in turn with this one. */
    against: { type: 'string' },
    /** Parts of contestants' names; the seed-like server always takes part. */
    only: { type: 'string' },
    rounds: { type: 'string' },
  },
});

if (values.rivals) installRivals();
const all = values.rivals ? [...contestants, ...rivals()] : contestants;

function chosen(): Contestant[] {
  const parts = values.only?.split(',');
  return all.filter(
    ({ name }) => parts === undefined || name === SEED || parts.some((part) => name.includes(part)),
  );
}

const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
if (rounds !== undefined && !(Number.isInteger(rounds) && rounds > 0)) {
  fail('--rounds must be a whole number above 0.');
}
const listeners = Number(values.listeners);
const members = Number(values.members);
for (const [name, count] of Object.entries({ listeners, members })) {
  if (!(Number.isInteger(count) && count > 0)) fail(`--${name} must be a whole number above 0.`);
}
if (!existsSync('/proc/self/stat')) {
  fail('The bench reads processor time from /proc: run it on Linux.');
}
if (chosen().length === 1 && values.only !== undefined && !SEED.includes(values.only)) {
  fail(`--only names no contestant: there are ${all.map(({ name }) => name).join(', ')}.`);
}

function fail(sentence: string): never {
  process.stderr.write(`${sentence}\n`);
  process.exit(1);
}

const stage = await Stage.open();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => {
    void stage.abandon().finally(() => process.exit(1));
  });
}
try {
  if (values.scale) await runScale(stage, chosen());
  else if (values.idle) await runIdle(stage, chosen(), members);
  else if (values.page) await runPage(stage, { against: values.against, rounds });
  else if (values.relays) await runRelays(stage, listeners);
  else if (values.hooks) await runHooks(stage, rounds);
  else await runTalks(stage, chosen(), { quick: values.quick, rounds });
} finally {
  await stage.close();
}
