import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { directRoomId, type InboxDirectory } from '../src/host/inbox-directory.ts';
import { erasureCarrier } from '../src/host/carry-erasures.ts';
import type { Carry } from '../src/host/courier.ts';
import type { Delivery, DeliveryOutcome } from '../src/host/ports.ts';
import type { LinkListener, RoomDirectory, RoomLink } from '../src/host/room-directory.ts';
import type { OutgoingHook } from '../src/hooks/outgoing.ts';
import { Inbox } from '../src/inbox/inbox.ts';
import { service } from '../src/inbox/conversations/ask-room.ts';
import type { Answer, Ask, DirectMessages } from '../src/inbox/ports.ts';
import { ERASE_TARGET, NOTIFY_TARGET } from '../src/inbox/pushes.ts';
import type { HostLog } from '../src/observability/logger.ts';
import { internalProblem, Refusal, unavailableProblem } from '../src/protocol/codes/errors.ts';
import type { RequestName } from '../src/protocol/commands.ts';
import type { Limits } from '../src/protocol/codes/limits.ts';
import type { Result } from '../src/protocol/frames.ts';
import type { Identity } from '../src/protocol/identity.ts';
import type { InboxCommandName, InboxReply } from '../src/protocol/inbox-commands.ts';
import type { ConversationState } from '../src/protocol/inbox-objects.ts';
import { type NotificationPeers, notificationCarrier } from '../src/push/carry-notifications.ts';
import { pushCarrier, type PushPeers } from '../src/push/carry-pushes.ts';
import type { Push } from '../src/push/push.ts';
import { attach, type Attached, type Attaching, linkTo } from './attach.ts';
import { HostedFile } from './hosted-file.ts';
import { HostedFiles } from './hosted-files.ts';
import type { NodeConnection } from './node-connection.ts';
import type { NodeMeter } from './node-room.ts';
import type { Durability } from './sqlite-file.ts';
import { firstEpochOf, storageIdOf } from './storage-id.ts';

export interface NodeInboxesOptions {
  dataDir: string;
  durability: Durability;
  directMessages: DirectMessages;
  push?: Push | undefined;
  /** Gets notifications, for the outgoing webhook; absent without one. */
  hook?: InboxesHook | undefined;
  limits: Limits;
  log: HostLog;
  meter?: NodeMeter | undefined;
  /** How inboxes reach rooms. */
  rooms: Pick<RoomDirectory, 'execute'>;
  /** How long a file stays open without work, in milliseconds. */
  idleMs?: number;
}

/** The outgoing webhook, as inboxes know it. */
export type InboxesHook = Pick<OutgoingHook, 'notifies'> & Pick<NotificationPeers, 'enqueue'>;

/**
 * How many files all inboxes share: updating 5,000 inboxes takes 64 commits this way, and took 26 s
 * with a file for each inbox.
 */
const FILES = 64;

const IDLE_MS = 30_000;

/** How long a caller waits at most for a room or another inbox to answer, in milliseconds. */
const ANSWER_MS = 20_000;

type InboxFile = HostedFile<Inbox, NodeConnection>;

/** The folder of the inbox files. */
export function inboxFolder(dataDir: string): string {
  return join(dataDir, 'inboxes');
}

/** Every inbox of this process, in 64 files by a hash of the user. */
export class NodeInboxes implements InboxDirectory {
  readonly #options: NodeInboxesOptions;
  readonly #storageId: string;
  readonly #files: HostedFiles<Inbox, InboxFile>;

  constructor(options: NodeInboxesOptions) {
    this.#options = options;
    const { dataDir, durability, limits, log, meter, directMessages, push, hook } = options;
    this.#storageId = storageIdOf(dataDir);
    this.#files = new HostedFiles<Inbox, InboxFile>({
      pathOf: (key) => join(inboxFolder(dataDir), `${key}.sqlite`),
      wakeupsPath: join(dataDir, 'inbox-wakeups.sqlite'),
      durability,
      maxOpen: FILES,
      idleMs: options.idleMs ?? IDLE_MS,
      host: { batchDelayMs: limits.batchDelayMs, log, meter, carry: this.#carrying() },
      make: (_, parts) => {
        const file: InboxFile = new HostedFile<Inbox, NodeConnection>({
          ...parts,
          make: (ports) => {
            const inbox: Inbox = new Inbox(
              {
                ...ports,
                roster: { connections: () => file.connections },
                firstEpochOf: (userId) => firstEpochOf(this.#storageId, `inbox ${userId}`),
                peers: {
                  ask: (ask, settle) =>
                    void this.#answer(ask).then((answer) =>
                      file.queue((live) => {
                        // An answer to an earlier life of the inbox is not for this one.
                        if (live === inbox) settle(answer);
                      }),
                    ),
                },
              },
              {
                limits,
                directMessages,
                acceptsPush: push?.accepts,
                notifiesHook: hook?.notifies,
              },
            );
            return inbox;
          },
        });
        return file;
      },
    });
  }

  /** Opens a user's inbox for a connection. @throws Refusal when the inbox refuses it */
  attach(attaching: Attaching): Promise<Attached> {
    return attach(this.#fileOf(attaching.identity.userId), attaching, this.#options, {
      inbox: attaching.identity.userId,
    });
  }

  connect(
    identity: Identity,
    open: unknown,
    listener: LinkListener,
    silent = false,
  ): Promise<RoomLink> {
    return linkTo(listener, (sink) => this.attach({ identity, join: open, sink, silent }));
  }

  async execute<N extends InboxCommandName>(
    identity: Identity,
    name: N,
    payload: unknown,
  ): Promise<Result<InboxReply<N>>> {
    const file = this.#fileOf(identity.userId);
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise<Result<InboxReply<N>>>((resolve, reject) => {
        timer = setTimeout(() => resolve({ ok: false, error: unavailableProblem }), ANSWER_MS);
        const answer = (result: Result<InboxReply<N>>) => {
          // The result may leave when the turn in which it comes is stored.
          void file.ask(() => result).then(resolve, reject);
        };
        file.ask((inbox) => inbox.execute(identity, name, payload, answer)).catch(reject);
      });
    } catch (error) {
      if (error instanceof Refusal) return { ok: false, error: error.problem };
      this.#options.log.failure(name, error);
      return { ok: false, error: internalProblem };
    } finally {
      clearTimeout(timer);
    }
  }

  /** Carries rooms' deliveries to an inbox; resolves when they are stored. */
  async carry(
    userId: string,
    deliveries: readonly Delivery[],
  ): Promise<readonly DeliveryOutcome[]> {
    const updates = deliveries.map(({ key, body }) => ({
      roomId: key,
      state: JSON.parse(body) as ConversationState,
    }));
    await this.#fileOf(userId).ask((inbox) => inbox.take(userId, updates));
    return deliveries.map(() => 'delivered');
  }

  /** Carries inboxes' deliveries to browsers, to the outgoing webhook, and to rooms. */
  #carrying(): Carry {
    const { push, hook, rooms } = this.#options;
    const pushTo = push && this.#pushing(push);
    const notify = hook && notificationCarrier({ notice: this.#notice, enqueue: hook.enqueue });
    const erase = erasureCarrier((roomId, userId) =>
      rooms.execute(roomId, service(userId), 'eraseUser', { roomId, userId }),
    );
    return async (target, deliveries) => {
      if (target.startsWith(ERASE_TARGET)) return erase(target, deliveries);
      const carry = target.startsWith(NOTIFY_TARGET) ? notify : pushTo;
      return carry === undefined ? [] : carry(target, deliveries);
    };
  }

  readonly #notice: PushPeers['notice'] = (roomId, identity) =>
    this.#options.rooms.execute(roomId, identity, 'getNotice', {
      roomId,
      userId: identity.userId,
    });

  #pushing({ sender, content }: Push): Carry {
    const metered: typeof sender.send = async (...push) => {
      const outcome = await sender.send(...push);
      this.#options.meter?.pushed(typeof outcome === 'string' ? outcome : 'delayed');
      return outcome;
    };
    return pushCarrier({ send: metered }, content, {
      notice: this.#notice,
      pushed: (userId, roomId, shown) =>
        this.#fileOf(userId).ask((inbox) => inbox.pushed(userId, roomId, shown)),
      dropSubscription: (userId, id) =>
        this.#fileOf(userId).ask((inbox) => inbox.dropSubscription(id)),
    });
  }

  get connectionCount(): number {
    let count = 0;
    for (const file of this.#files.all) count += file.connections.size;
    return count;
  }

  /** How many files are open. */
  get openCount(): number {
    return this.#files.openCount;
  }

  /** Stores what is due, then closes every connection with 4000. */
  close(): void {
    this.#files.close();
  }

  #fileOf(userId: string): InboxFile {
    const [first = 0] = createHash('sha256').update(userId).digest();
    return this.#files.of(String(first % FILES).padStart(2, '0'));
  }

  /** Never rejects. */
  async #answer({ to, identity, name, payload }: Ask): Promise<Answer> {
    try {
      if ('inbox' in to) return { result: await this.#admit(to.inbox, payload) };
      const roomId = 'room' in to ? to.room : await directRoomId(identity.userId, to.direct);
      const { rooms } = this.#options;
      const result = await rooms.execute(roomId, identity, name as RequestName, payload);
      return { roomId, result };
    } catch (error) {
      if (!(error instanceof Refusal)) this.#options.log.failure('peer', error);
      return { result: { ok: false, error: unavailableProblem } };
    }
  }

  #admit(userId: string, payload: object): Promise<Result> {
    const { userId: from, rooms } = payload as { userId: string; rooms: string[] };
    return this.#fileOf(userId).ask((inbox) => inbox.admitDirect(userId, from, rooms));
  }
}
