import { rm } from 'node:fs/promises';
import type { SoakOptions } from '../../scripts/soak.ts';
import { runTool, toolFile } from '../../scripts/tool.ts';
import { NO_RATE_LIMITS } from '../support/crash-load.ts';
import { bundleWorker } from '../support/edge-bundle.ts';
import { runWithFaults } from '../support/fault-run.ts';
import { Killable } from '../support/killable.ts';
import { playAtRandom, type PlayOptions, soakPlays } from '../support/random-plays.ts';
import { play, step } from '../simulation/relay/play.ts';

/** Aborts of the room, and as many of its relays, in one run under talk. */
const ABORTS = 50;
/** Relays that the seven clients of a run are on, of two connections each. */
const RELAYS = 4;

/** Plays generated histories of a room with relays; the report of the first that fails, or nothing. */
export function playRelays(options: PlayOptions): string | undefined {
  return playAtRandom(step, play, options);
}

/**
 * Tells every scenario where relays hold all sockets, aborts a room and its relays under talk, and then
 * plays generated histories for as long as is left.
 */
export async function soak(options: SoakOptions): Promise<void> {
  const begunAt = Date.now();
  await tellScenarios();
  options.log('every scenario holds where relays hold all sockets');
  await abortUnderTalk(options);
  const minutes = options.minutes - (Date.now() - begunAt) / 60_000;
  await soakPlays(
    { ...options, minutes },
    { runs: 200, longest: 200 },
    { module: import.meta.url, name: 'playRelays' },
    (runs) => `${runs} histories: nothing lost or doubled`,
  );
}

async function tellScenarios(): Promise<void> {
  process.env['SCENARIOS_AT_RELAYS'] = 'true';
  const code = await runTool(toolFile('vitest'), ['run', '--reporter=dot', 'test/scenarios']);
  if (code !== 0) throw new Error('A scenario failed.');
}

async function abortUnderTalk({ seed, log }: SoakOptions): Promise<void> {
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
