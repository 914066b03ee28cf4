import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { configure } from '../../local-server/configuration.ts';
import { startServer } from '../../local-server/server.ts';
import { simulateClients } from '../unit/client/client-simulation.ts';
import { SECRET } from '../support/tokens.ts';

export interface SoakOptions {
  minutes: number;
  seed: number;
  log: (line: string) => void;
}

/** Simulations at the same time; each of them mostly waits. */
const AT_ONCE = 6;
/** A line is logged after so many simulations. */
const LOG_EVERY = 100;
const LENGTH = 80;

/** Plays simulations of clients over bad networks for `minutes`. @throws at the first failure */
export async function soak({ minutes, seed, log }: SoakOptions): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'parlor-soak-'));
  const failures: string[] = [];
  const settings = {
    JWT_SECRET: SECRET,
    HOST: '127.0.0.1',
    PORT: '0',
    DATA_DIR: join(folder, 'data'),
    // Nothing crashes here, and a slow disk would delay all simulations in this process.
    DURABILITY: 'process',
    COMMAND_BURST: '2000',
    COMMANDS_PER_SECOND: '500',
  };
  const server = await startServer(configure(folder, settings, false), {
    failure: (what, error) => failures.push(`${what}: ${(error as Error).stack ?? String(error)}`),
  });
  try {
    const url = `http://127.0.0.1:${server.port}`;
    const end = Date.now() + minutes * 60_000;
    let next = seed;
    let played = 0;
    const playOn = async () => {
      while (Date.now() < end) {
        await simulateClients({ url, seed: next++, length: LENGTH });
        if (failures.length > 0) throw new Error(`The host failed: ${failures.join('\n')}`);
        if (++played % LOG_EVERY === 0)
          log(`${played} simulations, all clients equal to their room`);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, playOn));
    log(`held: ${played} simulations`);
  } finally {
    await server.close();
    await rm(folder, { recursive: true, force: true });
  }
}
