import { erasureCarrier } from '../host/carry-erasures.ts';
import type { Carry } from '../host/courier.ts';
import { directRoomId } from '../host/inbox-directory.ts';
import type { DeliveryOutcome } from '../host/ports.ts';
import { outgoingHookOf } from '../hooks/outgoing.ts';
import { Inbox } from '../inbox/inbox.ts';
import { service } from '../inbox/conversations/ask-room.ts';
import type { Answer, Ask } from '../inbox/ports.ts';
import { ERASE_TARGET, NOTIFY_TARGET } from '../inbox/pushes.ts';
import type { Fields } from '../observability/logger.ts';
import { Refusal, unavailableProblem } from '../protocol/codes/errors.ts';
import type { RequestName } from '../protocol/commands.ts';
import type { Result } from '../protocol/frames.ts';
import type { Identity } from '../protocol/identity.ts';
import type { InboxCommandName, InboxReply } from '../protocol/inbox-commands.ts';
import type { ConversationState } from '../protocol/inbox-objects.ts';
import { notificationCarrier } from '../push/carry-notifications.ts';
import { pushCarrier, type PushPeers } from '../push/carry-pushes.ts';
import { pushOf } from '../push/push.ts';
import { callRoom } from './call-room.ts';
import type { ObjectPorts } from './hosting-object.ts';
import { RoomReport } from './reports.ts';
import { SocketObject } from './socket-object.ts';

/** The inbox of one user in its Durable Object, which is named after the user. */
export class InboxObject extends SocketObject<Inbox> {
  protected override readonly report = new RoomReport(this.log, 'inbox');
  readonly #push = pushOf(this.settings);
  readonly #hook = outgoingHookOf(this.settings);

  /** Executes a command. Resolves with the result once it is stored. */
  async execute<N extends InboxCommandName>(
    identity: Identity,
    name: N,
    payload: unknown,
  ): Promise<Result<InboxReply<N>>> {
    try {
      const { promise, resolve } = Promise.withResolvers<Result<InboxReply<N>>>();
      await this.hosted.ask((inbox) => inbox.execute(identity, name, payload, resolve));
      return await promise;
    } catch (error) {
      if (error instanceof Refusal) return { ok: false, error: error.problem };
      throw error;
    }
  }

  /** Takes updates from rooms. Resolves when they are stored. */
  async take(updates: readonly { roomId: string; body: string }[]): Promise<void> {
    const states = updates.map(({ roomId, body }) => ({
      roomId,
      state: JSON.parse(body) as ConversationState,
    }));
    await this.hosted.ask((inbox) => inbox.take(this.#userId, states));
  }

  /** Whether a user may open a direct room with this one. */
  async admitDirect(from: string, rooms: readonly string[]): Promise<Result> {
    return this.hosted.ask((inbox) => inbox.admitDirect(this.#userId, from, rooms));
  }

  protected make(ports: ObjectPorts): Inbox {
    this.report.woken();
    const { firstEpoch, report: meter, connections: roster } = this;
    const inbox: Inbox = new Inbox(
      {
        ...ports,
        roster,
        meter,
        firstEpochOf: () => firstEpoch,
        peers: {
          ask: (ask, settle) =>
            void this.#answer(ask).then((answer) =>
              this.hosted.queue((live) => {
                // An answer to an earlier life of the inbox is not for this one.
                if (live === inbox) settle(answer);
              }),
            ),
        },
      },
      {
        limits: this.limits,
        directMessages: this.settings.DIRECT_MESSAGES,
        acceptsPush: this.#push?.accepts,
        notifiesHook: this.#hook?.notifies,
      },
    );
    return inbox;
  }

  /** Carries the inbox's deliveries to browsers, to the outgoing webhook, and to rooms. */
  protected override async carry(
    ...attempt: Parameters<Carry>
  ): Promise<readonly DeliveryOutcome[]> {
    const [target] = attempt;
    if (target.startsWith(ERASE_TARGET)) return this.#eraseIn(...attempt);
    return target.startsWith(NOTIFY_TARGET)
      ? this.#notifyHook(...attempt)
      : this.#pushTo(...attempt);
  }

  readonly #eraseIn = erasureCarrier((roomId, userId) =>
    callRoom<Result>(async () =>
      this.env.ROOM.getByName(roomId).execute(service(userId), 'eraseUser', { roomId, userId }),
    ),
  );

  #notifyHook(...attempt: Parameters<Carry>): ReturnType<Carry> {
    const carry = notificationCarrier({
      notice: this.#notice,
      enqueue: (roomId, owed) => callRoom(async () => this.env.HOOK.getByName(roomId).tell(owed)),
    });
    return carry(...attempt);
  }

  readonly #notice: PushPeers['notice'] = (roomId, identity) =>
    callRoom(async () =>
      this.env.ROOM.getByName(roomId).execute(identity, 'getNotice', {
        roomId,
        userId: identity.userId,
      }),
    );

  async #pushTo(...attempt: Parameters<Carry>): ReturnType<Carry> {
    if (this.#push === undefined) return [];
    const { sender, content } = this.#push;
    const carry = pushCarrier(sender, content, {
      notice: this.#notice,
      pushed: (userId, roomId, shown) =>
        this.hosted.ask((inbox) => inbox.pushed(userId, roomId, shown)),
      dropSubscription: (_, id) => this.hosted.ask((inbox) => inbox.dropSubscription(id)),
    });
    return carry(...attempt);
  }

  /** Log lines do not say whose inbox it is. */
  protected override get about(): Fields {
    return { inbox: this.firstEpoch };
  }

  get #userId(): string {
    return this.ctx.id.name ?? '';
  }

  /** Never rejects. */
  async #answer({ to, identity, name, payload }: Ask): Promise<Answer> {
    try {
      if ('inbox' in to) return { result: await this.#admission(to.inbox, payload) };
      const roomId = 'room' in to ? to.room : await directRoomId(identity.userId, to.direct);
      const room = this.env.ROOM.getByName(roomId);
      const result = await callRoom<Result>(async () =>
        room.execute(identity, name as RequestName, payload),
      );
      return { roomId, result };
    } catch (error) {
      if (!(error instanceof Refusal)) this.log.failure('peer', error);
      return { result: { ok: false, error: unavailableProblem } };
    }
  }

  #admission(userId: string, payload: object): Promise<Result> {
    const { userId: from, rooms } = payload as { userId: string; rooms: string[] };
    return callRoom<Result>(async () => this.env.INBOX.getByName(userId).admitDirect(from, rooms));
  }
}
