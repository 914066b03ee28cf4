import { expect, inject, it, onTestFinished } from 'vitest';
import { crashUnderLoad, NO_RATE_LIMITS } from '../support/crash-load.ts';
import { Killable } from '../support/killable.ts';

/** How often each host is killed; the soak `kills` runs for any number of minutes. */
const KILLS = Number(process.env['PARLOR_KILLS'] ?? 3);
const SEED = Number(process.env['PARLOR_SEED'] ?? 1);
const TIMEOUT_MS = 60_000 + KILLS * 20_000;

it(
  '[MSG4] no acknowledged message is lost or stored twice when the node host is killed',
  async () => {
    const host = await Killable.node(NO_RATE_LIMITS);
    onTestFinished(() => host.remove());
    const report = await crashUnderLoad(host, { seed: SEED, kills: KILLS });
    expect(report.kills).toBe(KILLS);
    expect(report.stored).toBeGreaterThanOrEqual(20 * KILLS);
  },
  TIMEOUT_MS,
);

it(
  '[MSG4] no acknowledged message is lost when the edge host is killed',
  async () => {
    const host = await Killable.edge(inject('edgeBundle'), NO_RATE_LIMITS);
    onTestFinished(() => host.remove());
    const report = await crashUnderLoad(host, { seed: SEED, kills: KILLS });
    expect(report.kills).toBe(KILLS);
    expect(report.stored).toBeGreaterThanOrEqual(20 * KILLS);
  },
  TIMEOUT_MS,
);
