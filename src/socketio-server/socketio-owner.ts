import type { EngineCloseReason } from './engine-session.ts';
import type { NamespaceSocket } from './namespace-socket.ts';

/** Why a socket left its namespace; the reasons of `EngineCloseReason` end the whole session. */
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

/** What uses a Socket.IO session: accepts its client, and gets its events. No method may throw. */
export interface SocketIoOwner {
  onConnect(request: ConnectRequest): void;
  onEvent(socket: NamespaceSocket, event: ReceivedEvent): void;
  /** The client answers an event that was emitted with `ackId`, or claims to: any id may come. */
  onAck?(socket: NamespaceSocket, ackId: number | undefined, args: unknown[]): void;
  /** Called once for each accepted socket; nothing can be sent to it any more. */
  onDisconnect(socket: NamespaceSocket, reason: DisconnectReason): void;
}
