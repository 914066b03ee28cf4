import {
  DEFAULT_SETTINGS,
  type SocketIoSettings,
} from '../../../../src/socketio-server/settings.ts';

/** Small limits, so that short literal packets reach them. */
export const SETTINGS: SocketIoSettings = {
  ...DEFAULT_SETTINGS,
  pingIntervalMs: 300,
  pingTimeoutMs: 200,
  upgradeTimeoutMs: 1_000,
  connectTimeoutMs: 250,
  maxPayloadBytes: 100,
  maxBufferedBytes: 1_000,
};
