/**
 * Engine.IO 4 and Socket.IO 5 for Workers and Durable Objects. `SocketIoServer` is all that a server
 * in one object needs; `serveEngine` and the sessions are for servers that spread sessions over many.
 */
export { type CancelTimer, type Clock, systemClock } from './clock.ts';
export { encodeEvent, type EncodedEvents, encodeTexts } from './encoded-events.ts';
export {
  encodeMessages,
  type EngineData,
  type EngineFrames,
  type EnginePacket,
} from './engine-packet.ts';
export { SOCKETIO_PATHS } from './engine-request.ts';
export { EngineServer, type EngineServerOptions } from './engine-server.ts';
export type {
  CloseFrame,
  CreateOwner,
  EngineCloseReason,
  EngineOwner,
  EngineSessionOptions,
  EngineSink,
} from './engine-session.ts';
export { NamespaceSocket } from './namespace-socket.ts';
export { openPolling, servePolling } from './polling-http.ts';
export { type EngineHandOver, PollingSession, type UpgradeStart } from './polling-session.ts';
export { DEFAULT_SETTINGS, type SocketIoSettings } from './settings.ts';
export { secureSid } from './sid.ts';
export type {
  ConnectError,
  ConnectRequest,
  DisconnectReason,
  ReceivedEvent,
  SocketIoOwner,
} from './socketio-owner.ts';
export { SocketIoServer, type SocketIoServerOptions } from './socketio-server.ts';
export {
  type SocketIoHandOver,
  type SocketIoOptions,
  SocketIoSession,
} from './socketio-session.ts';
export { type ClientSocket, type FrameReceiver, WebSocketSession } from './websocket-session.ts';
export { type PollingObject, serveEngine, type WorkerMount } from './worker-mount.ts';
