import { fileURLToPath } from 'node:url';
import { createTestHarness } from 'wrangler';

/** The fixture Worker under workerd, on a loopback port of its own. */
export interface Fixture {
  /** `http://127.0.0.1:port`. */
  url: string;
  stop: () => Promise<void>;
}

const CONFIG = new URL('../../../fixtures/socketio-worker/wrangler.toml', import.meta.url);

/**
 * Starts the fixture. Its heartbeat is that of the published suites unless `patient`: then no
 * machine is too slow to answer a ping.
 */
export async function startFixture(heartbeat: 'published' | 'patient'): Promise<Fixture> {
  const patient = { PING_INTERVAL_MS: 25_000, PING_TIMEOUT_MS: 20_000 };
  const vars = heartbeat === 'patient' ? patient : {};
  const harness = createTestHarness({ workers: [{ configPath: fileURLToPath(CONFIG), vars }] });
  const { url } = await harness.listen();
  return { url: url.origin, stop: () => harness.close() };
}
