import { describe, inject, it } from 'vitest';
import type { TestSettings } from '../support/edge-options.ts';
import { hookRun } from '../support/hook-run.ts';
import { Killable } from '../support/killable.ts';
import { verdictRun } from '../support/verdict-run.ts';

/** How often each host is killed; the soak `hooks` runs for any number of minutes. */
const KILLS = Number(process.env['PARLOR_KILLS'] ?? 2);
const SEED = Number(process.env['PARLOR_SEED'] ?? 1);
const TIMEOUT_MS = 120_000 + KILLS * 20_000;

const hosts = {
  node: (settings: TestSettings) => Killable.node(settings),
  edge: (settings: TestSettings) => Killable.edge(inject('edgeBundle'), settings),
};

describe.concurrent.each(['node', 'edge'] as const)('the %s host, killed in between,', (name) => {
  it(
    '[HOOK7] leaves no change out of its webhooks, though the backend fails',
    async ({ expect }) => {
      const report = await hookRun(hosts[name], { kills: KILLS, actions: 8, seed: SEED });
      expect(report.kills).toBe(KILLS);
      expect(report.changes).toBeGreaterThan(5);
      expect(report.failed).toBeGreaterThan(0);
    },
    TIMEOUT_MS,
  );

  it(
    '[HOOK14] stores each acknowledged text once, as the backend decided',
    async ({ expect }) => {
      const report = await verdictRun(hosts[name], { kills: KILLS, answers: 20, seed: SEED });
      expect(report.stored).toBeGreaterThan(10);
      expect(report.refused).toBeGreaterThan(0);
    },
    TIMEOUT_MS,
  );
});
