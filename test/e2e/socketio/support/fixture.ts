import { fileURLToPath } from 'node:url';
import { createTestHarness } from 'wrangler';

/** The fixture Worker under workerd, on a loopback port of its own. */
export interface Fixture {
  /** `http://127.0.0.1:port`. */
  url: string;
  stop: () => Promise<void>;
}

export const BRISK = { PING_INTERVAL_MS: 300, PING_TIMEOUT_MS: 3_000, CONNECT_TIMEOUT_MS: 3_000 };
const HEARTBEATS = {
  brisk: BRISK,
  patient: { PING_INTERVAL_MS: 25_000, PING_TIMEOUT_MS: 20_000, CONNECT_TIMEOUT_MS: 20_000 },
};

const CONFIG = new URL('../../../fixtures/socketio-worker/wrangler.toml', import.meta.url);

/**
 * Starts the fixture. The published suites leave 200 ms to answer a ping, which a busy machine may
 * miss; here there is more time, and with `patient` no ping is sent and no session times out while a
 * test runs.
 */
export async function startFixture(heartbeat: keyof typeof HEARTBEATS): Promise<Fixture> {
  const vars = HEARTBEATS[heartbeat];
  const harness = createTestHarness({ workers: [{ configPath: fileURLToPath(CONFIG), vars }] });
  const { url } = await harness.listen();
  return { url: url.origin, stop: () => harness.close() };
}
