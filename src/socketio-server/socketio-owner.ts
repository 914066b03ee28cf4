import type { EngineCloseReason } from './engine-session.ts';
import type { NamespaceSocket } from './namespace-socket.ts';

/** Why a socket left its namespace; see `EngineCloseReason` for those that end all at once. */
export type DisconnectReason =
  | 'client namespace disconnect'
  | 'server namespace disconnect'
  | EngineCloseReason;

/** The content of CONNECT_ERROR. */
export interface ConnectError {
  message: string;
  data?: unknown;
}

/** A client asks to join a namespace. The owner answers once, at once or later. */
export interface ConnectRequest {
  readonly namespace: string;
  /** What the client gave as `auth`; `{}` if nothing. */
  readonly auth: Record<string, unknown>;
  /** Accepts the client, which may send from now on. Undefined if it has gone. */
  accept(): NamespaceSocket | undefined;
  /** Sends CONNECT_ERROR; the client may ask again. */
  refuse(error: ConnectError): void;
}

/** An EVENT of a client. */
export interface ReceivedEvent {
  /** The event's name (a string or a number), then its arguments; empty if the client sent none. */
  readonly args: unknown[];
  /** The client waits for an ACK with this id. */
  readonly ackId: number | undefined;
}

/** What lives in a Socket.IO session. Nothing here may throw. */
export interface SocketIoOwner {
  onConnect(request: ConnectRequest): void;
  onEvent(socket: NamespaceSocket, event: ReceivedEvent): void;
  /** The client answers an event that was emitted with `ackId`, or claims to: any id may come. */
  onAck?(socket: NamespaceSocket, ackId: number | undefined, args: unknown[]): void;
  /** Once for each socket that was let in; nothing can be sent to it any more. */
  onDisconnect(socket: NamespaceSocket, reason: DisconnectReason): void;
}
