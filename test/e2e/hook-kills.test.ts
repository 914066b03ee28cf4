import { describe, inject, it } from 'vitest';
import type { TestSettings } from '../support/edge-options.ts';
import { hookRun } from '../support/hook-run.ts';
import { Killable } from '../support/killable.ts';
import { verdictRun } from '../support/verdict-run.ts';

/** Kills of each host; the soak `hooks` goes on for as long as it is told. */
const KILLS = Number(process.env['PARLOR_KILLS'] ?? 2);
const SEED = Number(process.env['PARLOR_SEED'] ?? 1);
const TIMEOUT_MS = 120_000 + KILLS * 20_000;

const hosts = {
  node: (settings: TestSettings) => Killable.node(settings),
  edge: (settings: TestSettings) => Killable.edge(inject('edgeBundle'), settings),
};

describe.concurrent.each(['node', 'edge'] as const)('webhooks of the %s host', (name) => {
  it(
    '[HOOK7] leaves no change out when it is killed and the backend fails',
    async ({ expect }) => {
      const report = await hookRun(hosts[name], { kills: KILLS, actions: 8, seed: SEED });
      expect(report.kills).toBe(KILLS);
      expect(report.changes).toBeGreaterThan(5);
      expect(report.failed).toBeGreaterThan(0);
    },
    TIMEOUT_MS,
  );

  it(
    '[HOOK14] stores what was acknowledged as decided, once, when it is killed while texts are decided about',
    async ({ expect }) => {
      const report = await verdictRun(hosts[name], { kills: KILLS, answers: 20, seed: SEED });
      expect(report.stored).toBeGreaterThan(10);
      expect(report.refused).toBeGreaterThan(0);
    },
    TIMEOUT_MS,
  );
});
