import { rm } from 'node:fs/promises';
import type { SoakOptions } from '../../scripts/soak.ts';
import { runTool, toolFile } from '../../scripts/tool.ts';
import { NO_RATE_LIMITS } from '../support/crash-load.ts';
import { bundleWorker } from '../support/edge-bundle.ts';
import { runWithFaults } from '../support/fault-run.ts';
import { Killable } from '../support/killable.ts';
import { playAtRandom, type PlayOptions, soakPlays } from '../support/random-plays.ts';
import { play, step } from '../simulation/relay/play.ts';

/** Aborts of the room in one run while users talk, and as many of its relays. */
const ABORTS = 50;
/** The relays that hold the seven clients of a run, two connections each. */
const RELAYS = 4;

/** Plays random steps with a room and relays. @returns the shrunk report of the first failure, or undefined */
export function playRelays(options: PlayOptions): string | undefined {
  return playAtRandom(step, play, options);
}

/**
 * Runs every scenario with relays holding all sockets, aborts a room and its relays while users talk,
 * and plays random steps for the rest of `minutes`. @throws at the first failure
 */
export async function soak(options: SoakOptions): Promise<void> {
  const startedAt = Date.now();
  await runScenarios();
  options.log('every scenario holds where relays hold all sockets');
  await abortWhileTalking(options);
  const minutes = options.minutes - (Date.now() - startedAt) / 60_000;
  await soakPlays(
    { ...options, minutes },
    { runs: 200, longest: 200 },
    { module: import.meta.url, name: 'playRelays' },
    (runs) => `${runs} histories: nothing lost or doubled`,
  );
}

async function runScenarios(): Promise<void> {
  process.env['SCENARIOS_AT_RELAYS'] = 'true';
  const code = await runTool(toolFile('vitest'), ['run', '--reporter=dot', 'test/scenarios']);
  if (code !== 0) throw new Error('A scenario failed.');
}

async function abortWhileTalking({ seed, log }: SoakOptions): Promise<void> {
  const bundle = await bundleWorker('test/edge/abortable/worker.ts');
  const settings = { ...NO_RATE_LIMITS, RELAY_ABOVE: '0', RELAY_CONNECTIONS: '2' };
  const host = await Killable.edge(bundle, settings);
  try {
    const url = await host.start();
    let aborts = 0;
    const report = await runWithFaults({
      url,
      seed,
      faults: 3 * 2 * ABORTS,
      abort: async (roomId) => {
        const relay = 1 + ((aborts >> 1) % RELAYS);
        const which = aborts++ % 2 === 0 ? {} : { relay: String(relay) };
        const query = new URLSearchParams({ room: roomId, ...which });
        await fetch(`${url}/abort?${query.toString()}`, { method: 'POST' });
      },
    });
    if (report.problems.length > 0) throw new Error(report.problems.slice(0, 20).join('\n'));
    log(
      `${aborts} aborts, ${report.connections} connections, ${report.stored} messages: lost 0, doubled 0, out of order 0, stuck 0`,
    );
  } finally {
    await host.remove();
    await rm(bundle, { recursive: true, force: true });
  }
}
