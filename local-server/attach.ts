import { randomBytes } from 'node:crypto';
import type { Hosted } from '../src/host/hosted-object.ts';
import type { LinkListener, RoomLink } from '../src/host/room-directory.ts';
import type { HostLog } from '../src/observability/logger.ts';
import type { ErrorCode } from '../src/protocol/codes/errors.ts';
import { Refusal } from '../src/protocol/codes/errors.ts';
import type { Limits } from '../src/protocol/codes/limits.ts';
import type { Identity } from '../src/protocol/identity.ts';
import type { Room } from '../src/room/room.ts';
import type { HostedFile } from './hosted-file.ts';
import { NodeConnection, type Sink } from './node-connection.ts';

/** What connections lead to: a room, or inboxes. */
export type Connectable = Hosted &
  Pick<Room, 'connect' | 'handle' | 'malformedFrame' | 'end' | 'refresh' | 'renew' | 'depart'> &
  Partial<Pick<Room, 'answer'>>;

/** A connection and the object it leads to. */
export interface Attached {
  connection: NodeConnection;
  /** Queues work for the object, which its next flush stores. */
  room: { queue(work: (object: Connectable) => void): void };
  /** The client's end is gone. */
  depart: (reason: 'left' | 'disconnected') => void;
}

/** What attaches: an identity, its payload, and where frames for it go. */
export interface Attaching {
  identity: Identity;
  /** Payload of `joinRoom` or `openInbox`. */
  join: unknown;
  sink: Sink;
  silent?: boolean | undefined;
}

interface Surroundings {
  limits: Limits;
  log: HostLog;
  meter?: { refused(code: ErrorCode): void } | undefined;
}

/**
 * Connects a connection to an object in a file.
 * @param about fields of log lines, which say what the connection leads to
 * @throws Refusal when the object refuses it
 */
export async function attach<O extends Connectable>(
  file: HostedFile<O, NodeConnection>,
  { identity, join, sink, silent }: Attaching,
  surroundings: Surroundings,
  about: Record<string, string>,
): Promise<Attached> {
  const { limits, log } = surroundings;
  const connection = new NodeConnection(
    {
      v: 1,
      // Not a UUID, which Node makes of fifteen pieces: half a KiB for each connection while it is open.
      id: randomBytes(12).toString('base64url'),
      identity,
      joined: false,
      ...(silent === true && { silent: true as const }),
    },
    sink,
    limits,
  );
  await admit(file, connection, join, surroundings, about);
  const fields = { ...about, connection: connection.state.id };
  log.event?.('debug', 'connected', fields);
  return {
    connection,
    room: file,
    depart: (reason) => {
      if (!connection.markPeerClosed() || !file.connections.has(connection)) return;
      log.event?.('debug', 'disconnected', { ...fields, reason, code: connection.closedWith });
      file.queue((live) => {
        connection.ended();
        live.depart(connection, reason);
        file.connections.delete(connection);
      });
    },
  };
}

async function admit<O extends Connectable>(
  file: HostedFile<O, NodeConnection>,
  connection: NodeConnection,
  join: unknown,
  { log, meter }: Surroundings,
  about: Record<string, string>,
): Promise<void> {
  try {
    await file.run((live) => {
      live.connect(connection, join);
      file.connections.add(connection);
    });
  } catch (error) {
    if (error instanceof Refusal) {
      const { code } = error;
      meter?.refused(code);
      log.event?.('debug', 'refused', { ...about, code });
    }
    throw error;
  }
}

/** A transport's link, made by attaching a sink that hands lines to its listener. */
export async function linkTo(
  listener: LinkListener,
  attachSink: (sink: Sink) => Promise<Attached>,
): Promise<RoomLink> {
  const sink: Sink = {
    frame: (frame) => listener.lines(frame.lines, frame.position),
    close: (code, reason) => {
      listener.closed(code, reason);
      depart('disconnected');
    },
    buffered: listener.buffered,
    lastSeenAt: () => undefined,
  };
  const { connection, room, depart } = await attachSink(sink);
  return {
    send: (command) => {
      if (connection.open) room.queue((live) => live.handle(connection, command));
    },
    renew: (renewed) => {
      if (connection.open) room.queue((live) => void live.renew(connection, renewed));
    },
    close: depart,
  };
}
