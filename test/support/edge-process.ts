import { Log, LogLevel, Miniflare } from 'miniflare';
import { edgeOptions, type TestSettings } from './edge-options.ts';

/**
 * A program that runs the edge host: `node edge-process.ts BUNDLE DATA SETTINGS`. It writes its address
 * to stdout, and ends when its stdin ends, so that it never outlives the process that started it.
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
