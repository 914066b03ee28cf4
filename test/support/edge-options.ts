import { join } from 'node:path';
import { convertV4MiniflareOptions } from 'miniflare';
import type { SettingName } from '../../src/settings/settings.ts';
import { SECRET } from './tokens.ts';

export type TestSettings = Partial<Record<SettingName, string>>;

/** What workerd runs, and on which port. */
export interface EdgeScript {
  /** The script in the bundle's folder. */
  script?: string;
  /** The folder of assets; the bundle's `page` by default. */
  page?: string;
  port?: number;
}

/** Miniflare's options for the bundle in `folder`. */
export function edgeOptions(
  folder: string,
  settings: TestSettings = {},
  { script = 'worker.js', page = join(folder, 'page'), port = 0 }: EdgeScript = {},
) {
  return convertV4MiniflareOptions({
    name: 'parlor',
    host: '127.0.0.1',
    port,
    cf: false,
    modules: true,
    scriptPath: join(folder, script),
    compatibilityDate: '2026-08-15',
    compatibilityFlags: ['no_web_socket_compression', 'enable_request_signal'],
    durableObjects: {
      ROOM: { className: 'RoomObject', useSQLite: true },
      INBOX: { className: 'InboxObject', useSQLite: true },
      RELAY: { className: 'RelayObject', useSQLite: true },
      HOOK: { className: 'HookObject', useSQLite: true },
      SESSION: { className: 'PollingSession', useSQLite: true },
    },
    r2Buckets: ['FILES'],
    assets: {
      directory: page,
      binding: 'ASSETS',
      routerConfig: { invoke_user_worker_ahead_of_assets: true, has_user_worker: true },
    },
    bindings: { JWT_SECRET: SECRET, ...settings },
  });
}
