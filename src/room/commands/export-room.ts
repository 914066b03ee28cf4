import { Refusal } from '../../protocol/codes/errors.ts';
import type { Reply } from '../../protocol/commands.ts';
import {
  EXPORT_VERSION,
  type ExportCursor,
  type ExportLine,
  type LineOf,
} from '../../protocol/export-lines.ts';
import { fixed } from '../../protocol/codes/limits.ts';
import { jsonLine } from '../../protocol/frames.ts';
import { utf8Bytes } from '../../protocol/text.ts';
import type { Context, Handler } from '../context.ts';
import { assertRank } from '../access/access.ts';
import { keyOf } from '../storage/files.ts';

/** Rows read at a time; few, because each may be as long as a message can be. */
const BATCH = 50;

/**
 * A page of the room's export, as text. Each page continues where the one before ended: messages by
 * `rev`, then audit entries, members and users' values. A page that reaches the end of all of these, in
 * one transaction, ends with the room itself.
 */
export const exportRoom: Handler<'exportRoom'> = (context, { cursor, files = false }) => {
  assertRank(context.access, 'owner');
  const { state } = context;
  if (state.createdAt === 0) {
    throw new Refusal('room_not_found', 'Nobody has written in this room yet.');
  }
  const page = new Page(context, cursor ?? startOf(context), files);
  if (cursor === undefined) {
    page.add({ type: 'export', version: EXPORT_VERSION, roomId: context.roomId });
  }
  // The bytes of a page's files go before the page, and nothing may go before the first line: so that
  // is alone.
  if (cursor !== undefined || !files) page.fill();
  return { reply: page.reply };
};

function startOf({ state }: Context): ExportCursor {
  const { epoch, erasures } = state;
  return { epoch, erasures, rev: 0, act: 0, touched: -1, userId: '' };
}

type FileToCarry = NonNullable<Reply<'exportRoom'>['files']>[number];

class Page {
  readonly #context: Context;
  readonly #cursor: ExportCursor;
  readonly #lines: string[] = [];
  readonly #files: FileToCarry[] | undefined;
  #bytes = 0;
  #hasEnded = false;

  constructor(context: Context, cursor: ExportCursor, withFiles: boolean) {
    const { epoch, erasures } = context.state;
    if (cursor.epoch !== epoch || cursor.erasures !== erasures) {
      throw new Refusal('conflict', 'Somebody was erased meanwhile; export the room again.');
    }
    this.#context = context;
    this.#cursor = { ...cursor };
    this.#files = withFiles ? [] : undefined;
  }

  get reply(): Reply<'exportRoom'> {
    return {
      text: this.#lines.join(''),
      ...(!this.#hasEnded && { next: this.#cursor }),
      ...(this.#files && { files: this.#files }),
    };
  }

  add(line: ExportLine): void {
    const text = `${jsonLine(line)}\n`;
    this.#lines.push(text);
    this.#bytes += utf8Bytes(text);
  }

  fill(): void {
    while (!this.#isFull && (this.#reactions() || this.#messages()));
    while (!this.#isFull && this.#acts());
    while (!this.#isFull && this.#members());
    while (!this.#isFull && this.#values());
    if (this.#isFull) return;
    this.#end();
    this.#hasEnded = true;
  }

  get #isFull(): boolean {
    return this.#bytes > fixed.exportPageBytes;
  }

  /** @returns whether there were any; the methods below return the same */
  #messages(): boolean {
    const cursor = this.#cursor;
    const found = this.#context.records.after(cursor.rev, BATCH);
    for (const { line, emojis } of found) {
      this.add(line);
      this.#files?.push(...this.#filesOf(line));
      cursor.rev = line.rev;
      const [emoji] = emojis;
      if (emoji !== undefined) {
        const { seq, rev } = line;
        cursor.within = { seq, rev, emoji, userId: '' };
        while (!this.#isFull && this.#reactions());
      }
      if (this.#isFull) break;
    }
    return found.length > 0;
  }

  /** The files of a message, and their previews. */
  #filesOf({ files = [] }: LineOf<'message'>): FileToCarry[] {
    return files
      .flatMap(({ fileId, preview }) => [fileId, ...(preview ? [preview.fileId] : [])])
      .flatMap((fileId) => this.#context.files.find(fileId) ?? [])
      .map((row) => ({
        fileId: row.fileId,
        key: keyOf(row),
        size: row.size,
        sha256: row.sha256 ?? '',
      }));
  }

  /**
   * Adds some reactions to the current message; after the last of a kind, moves on to the message's
   * next kind.
   */
  #reactions(): boolean {
    const { within } = this.#cursor;
    if (within === undefined) return false;
    const { seq, rev, emoji } = within;
    const most = fixed.exportedReactions;
    const userIds = this.#context.reactions.usersOf(seq, emoji, within.userId, most);
    if (userIds.length > 0) this.add({ type: 'reactions', seq, rev, emoji, userIds });
    if (userIds.length === most) {
      within.userId = userIds.at(-1)!;
      return true;
    }
    // A message that has changed since then is exported again, with all its reactions.
    const emojis = this.#context.records.emojisOf(seq);
    const next = emojis[emojis.indexOf(emoji) + 1];
    if (!emojis.includes(emoji) || next === undefined) delete this.#cursor.within;
    else this.#cursor.within = { seq, rev, emoji: next, userId: '' };
    return true;
  }

  #acts(): boolean {
    const found = this.#context.audit.after(this.#cursor.act, BATCH);
    for (const act of found) {
      this.add({ type: 'act', ...act });
      this.#cursor.act = act.id;
    }
    return found.length > 0;
  }

  #members(): boolean {
    const { touched, userId } = this.#cursor;
    const found = this.#context.members.touchedAfter(touched, userId, BATCH);
    for (const member of found) {
      this.add({ type: 'member', ...member });
      this.#cursor.touched = member.touched;
      this.#cursor.userId = member.userId;
    }
    return found.length > 0;
  }

  #values(): boolean {
    const found = this.#context.perUser.after(this.#cursor.value ?? 0, BATCH);
    for (const { id, line } of found) {
      this.add(line);
      this.#cursor.value = id;
    }
    return found.length > 0;
  }

  #end(): void {
    for (const one of this.#context.incoming.all()) this.add({ type: 'incoming', ...one });
    const { rev, horizon, createdAt, changedAt, owned, ...state } = this.#context.state;
    const { topic, private: isPrivate, readOnly, slowModeSeconds, retentionDays, pins } = state;
    this.add({
      type: 'end',
      rev,
      horizon,
      createdAt,
      changedAt,
      owned,
      topic,
      private: isPrivate,
      readOnly,
      slowModeSeconds,
      retentionDays,
      ...(pins.length > 0 && { pins: [...pins] }),
    });
  }
}
