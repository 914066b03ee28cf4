import { expect, it } from 'vitest';
import { BackgroundTraffic } from '../support/background-traffic.ts';
import { NO_RATE_LIMITS } from '../support/crash-load.ts';
import { sendMalformed } from '../support/malformed-run.ts';
import { pushKeys } from '../support/push-service.ts';
import { useHosts } from '../support/for-each-transport.ts';

const FRESH = Math.floor(Math.random() * 2 ** 31);
/** How many inputs each transport gets for each seed. */
const INPUTS = 200;

const hosts = useHosts({
  ...NO_RATE_LIMITS,
  ...pushKeys,
  VAPID_SUBJECT: 'mailto:admin@example.com',
  DURABILITY: 'process',
});

it.each(['node', 'edge'] as const)(
  `the %s host answers malformed input or closes the connection (seeds 1 and ${FRESH})`,
  async (name) => {
    const { url } = hosts[name];
    const traffic = await BackgroundTraffic.enter(url);
    for (const seed of [1, FRESH]) {
      const given = await sendMalformed({ host: name, url, seed, goOn: (count) => count < INPUTS });
      for (const count of Object.values(given)) expect(count).toBeGreaterThanOrEqual(INPUTS);
    }
    expect(await traffic.goOn()).toEqual([]);
  },
);
