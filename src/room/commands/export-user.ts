import { unavailable } from '../../protocol/codes/errors.ts';
import { fixed } from '../../protocol/codes/limits.ts';
import type { UserExportCursor } from '../../protocol/conversation-requests.ts';
import { jsonLine } from '../../protocol/frames.ts';
import { utf8Bytes } from '../../protocol/text.ts';
import { assertAdmin } from '../access/access.ts';
import type { Context, Handler } from '../context.ts';

/** Rows read at a time; few, because each may be as long as a message can be. */
const BATCH = 50;

const START: UserExportCursor = { message: '', seq: 0, emoji: '', value: 0 };

/** A page of what a user has written in the room: their member entry, messages, reactions and values. */
export const exportUser: Handler<'exportUser'> = (context, { userId, cursor }) => {
  assertAdmin(context.access);
  const { state, roomId, members } = context;
  if (state.importing) throw unavailable();
  if (state.deletion !== null) return { reply: { text: '' } };
  const page = new UserPage(context, userId, cursor ?? START);
  const member = cursor === undefined ? members.find(userId) : undefined;
  if (member !== undefined) page.add({ type: 'member', roomId, ...member });
  return { reply: page.fill() };
};

class UserPage {
  readonly #context: Context;
  readonly #userId: string;
  readonly #cursor: UserExportCursor;
  #text = '';
  #bytes = 0;

  constructor(context: Context, userId: string, cursor: UserExportCursor) {
    this.#context = context;
    this.#userId = userId;
    this.#cursor = { ...cursor };
  }

  add(line: object): void {
    const text = `${jsonLine(line)}\n`;
    this.#text += text;
    this.#bytes += utf8Bytes(text);
  }

  fill(): { text: string; next?: UserExportCursor } {
    while (!this.#isFull && this.#messages());
    while (!this.#isFull && this.#reactions());
    while (!this.#isFull && this.#values());
    return { text: this.#text, ...(this.#isFull && { next: this.#cursor }) };
  }

  get #isFull(): boolean {
    return this.#bytes > fixed.exportPageBytes;
  }

  /** @returns whether there were any; the methods below return the same */
  #messages(): boolean {
    const found = this.#context.messages.sentBy(this.#userId, this.#cursor.message, BATCH);
    for (const message of found) {
      if (message.deletedAt === undefined) this.add({ type: 'message', ...message });
      this.#cursor.message = message.id;
    }
    return found.length > 0;
  }

  #reactions(): boolean {
    const { reactions, roomId } = this.#context;
    const { seq, emoji } = this.#cursor;
    const found = reactions.of(this.#userId, BATCH, { seq, emoji });
    for (const reaction of found) {
      this.add({ type: 'reaction', roomId, ...reaction });
      Object.assign(this.#cursor, reaction);
    }
    return found.length > 0;
  }

  #values(): boolean {
    const { perUser, roomId } = this.#context;
    const found = perUser.of(this.#userId, BATCH, this.#cursor.value);
    for (const { seq, value } of found) {
      if (value !== undefined) this.add({ type: 'value', roomId, seq, value });
      this.#cursor.value = seq;
    }
    return found.length > 0;
  }
}
