import { describe, expect, it } from 'vitest';
import { NO_RATE_LIMITS } from '../support/crash-load.ts';
import { runWithFaults } from '../support/fault-run.ts';
import { useHosts } from '../support/for-each-transport.ts';

const FRESH = Math.floor(Math.random() * 2 ** 31);
const FAULTS = 60;

const hosts = useHosts({ ...NO_RATE_LIMITS, DURABILITY: 'process' });

describe.each(['node', 'edge'] as const)(
  'over bad networks to every transport of the %s host',
  (name) => {
    it.concurrent.each([1, 2, FRESH])(
      'nothing is lost, duplicated or reordered (P1–P4, P6; seed %i)',
      async (seed) => {
        const report = await runWithFaults({ url: hosts[name].url, seed, faults: FAULTS });
        expect(report.problems).toEqual([]);
        expect(report.stored).toBeGreaterThan(20);
        expect(report.connections).toBeGreaterThan(10);
      },
    );
  },
);
