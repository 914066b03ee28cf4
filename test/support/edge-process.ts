import { Log, LogLevel, Miniflare } from 'miniflare';
import { edgeOptions, type TestSettings } from './edge-options.ts';

/**
 * The edge host as a process of its own: `node edge-process.ts BUNDLE DATA SETTINGS`. Writes its
 * address to stdout, and ends with its stdin, so that it never outlives who started it.
 */
const [bundle = '', data = '', settings = '{}'] = process.argv.slice(2);
const miniflare = new Miniflare({
  ...edgeOptions(bundle, JSON.parse(settings) as TestSettings),
  log: new Log(LogLevel.NONE),
  resourcePersistencePath: data,
});
const url = await miniflare.ready;
process.stdout.write(`Listens on ${url.origin}\n`);
process.stdin.resume().once('end', () => void miniflare.dispose().then(() => process.exit(0)));
