import type { Context, Hono, MiddlewareHandler } from 'hono';
import type { IncomingKeys } from '../../auth/incoming-keys.ts';
import type { Authenticate } from '../../auth/authenticator.ts';
import type { OriginPolicy } from '../../auth/origin.ts';
import type { Identity } from '../../protocol/identity.ts';
import type { Limits } from '../../protocol/codes/limits.ts';
import type { HttpFiles } from './files.ts';
import type { PageSettings } from './page-settings.ts';
import type { BackendStatus } from '../../hooks/before-message.ts';
import type { HookDirectory } from '../../hooks/hook-directory.ts';
import type { InboxDirectory } from '../../host/inbox-directory.ts';
import type { Application } from '../../room/application.ts';
import type { RoomDirectory } from '../../host/room-directory.ts';
import type { StreamBody } from './stream-body.ts';

/** What the HTTP transport needs of its host. */
export interface HttpTransport {
  directory: RoomDirectory;
  inboxes: InboxDirectory;
  authenticate: Authenticate;
  /** Called with each authenticated request. */
  onAuthenticated?: (c: Context) => void;
  origins: OriginPolicy;
  limits: Limits;
  host: 'node' | 'edge';
  version: string;
  /** What the application declares, for descriptions. */
  application: Application;
  /** Whether the service can do its work right now. */
  isHealthy(): Promise<boolean>;
  /** The body of a stream, on a host that writes it faster than a web stream. */
  streamBody?: (c: Context) => StreamBody;
  /** The native transport, on a host where upgrades come as requests. */
  upgrade?: (request: Request) => Promise<Response>;
  /** The Socket.IO transport, on a host that serves it from requests. */
  socketIo?: (request: Request) => Promise<Response>;
  files: HttpFiles;
  /** The key with which browsers subscribe to push notifications; undefined if none are sent. */
  pushKey: string | undefined;
  /** Makes and recognises the keys of incoming webhooks. */
  incomingKeys: IncomingKeys;
  /** The outgoing webhook; undefined if none is set up. */
  hooks: HookDirectory | undefined;
  /** The status of the backend that is asked before texts are stored; absent if none is set up. */
  backend?: (() => Promise<BackendStatus>) | undefined;
  /** Routes of development mode. */
  development?: Hono | undefined;
  /** What an operator decides about the page. */
  pageSettings: PageSettings;
  /** Serves the web client's files. */
  page: MiddlewareHandler;
  log: (what: string, error: unknown) => void;
}

/** The identity of a request. @throws Refusal `unauthorized` or `token_expired` */
export type Identify = (c: Context) => Promise<Identity>;
