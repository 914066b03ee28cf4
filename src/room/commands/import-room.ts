import { emojiKind } from '../../protocol/emoji.ts';
import { invalidField, Refusal } from '../../protocol/codes/errors.ts';
import { fixed } from '../../protocol/codes/limits.ts';
import {
  type ExportLine,
  inLine,
  type LineOf,
  readExportLine,
} from '../../protocol/export-lines.ts';
import { formatPosition } from '../../protocol/position.ts';
import { isBlank } from '../../protocol/frames.ts';
import { assertPlain, depthOfText } from '../../protocol/shape.ts';
import type { FileInfo } from '../../protocol/objects.ts';
import { displayName } from '../../protocol/display-name.ts';
import { fileName, nameOfId } from '../../protocol/text.ts';
import { isVisible } from '../../protocol/visible.ts';
import { closeCodes } from '../../protocol/codes/close-codes.ts';
import type { Context, Handler } from '../context.ts';
import type { Effect } from '../effects.ts';
import { logDelivery } from '../hook/deliver.ts';
import { assertAdmin } from '../access/access.ts';
import type { RoomRecord } from '../storage/room-row.ts';
import { mentionedOthers } from '../messages/content.ts';
import { removeContent, removeDependents } from '../messages/remove-dependents.ts';

/**
 * Imports some lines of an export into an empty room, or into one whose import has begun. Lines that
 * were imported before change nothing, so a part can be sent again. The last line opens the room.
 */
export const importRoom: Handler<'importRoom'> = (context, { text, line: first }) => {
  const { room, access } = context;
  assertAdmin(access);
  if (access.isDirect) throw new Refusal('forbidden', 'A direct room cannot be imported.');
  const importing = new Importing(context);
  for (const [at, line] of text.split('\n').entries()) {
    if (isBlank(line)) continue;
    try {
      importing.take(readLine(line, context.limits.jsonDepth));
    } catch (error) {
      throw inLine(error, first + at);
    }
  }
  const position = formatPosition(room.read());
  const effects: Effect[] = [...importing.effects, { type: 'wake' }];
  if (importing.isDone) effects.push(...logDelivery(context));
  if (importing.hasBegun) {
    // Clients connected to the empty room connect again after the import.
    const audience = { to: 'everyone' as const };
    effects.unshift({ type: 'disconnect', audience, code: closeCodes.goingAway, leave: 'kicked' });
  }
  return { reply: { done: importing.isDone, position }, effects };
};

function readLine(text: string, jsonDepth: number): ExportLine {
  if (depthOfText(text) > jsonDepth)
    throw invalidField('it', `must be at most ${jsonDepth} levels deep`);
  const value = parsed(text);
  assertPlain(value, jsonDepth);
  const result = readExportLine(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw invalidField(issue?.path.join('.') || 'it', issue?.message ?? 'does not fit');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalidField('it', 'must be JSON');
  }
}

/** A name as `displayName` gives it; an erased sender has neither id nor name. */
function nameFor(userId: string, name: string): string {
  return displayName(name) ?? nameOfId(userId);
}

/** The message with its stream ended: its sender goes on writing in the room that was exported. */
function ended({ streaming, ...line }: LineOf<'message'>): LineOf<'message'> {
  return streaming === true ? { ...line, status: 'interrupted' } : line;
}

class Importing {
  readonly #context: Context;
  /** Whether lines are accepted: the import has begun. */
  #isOpen: boolean;
  isDone = false;
  readonly effects: Effect[] = [];
  /** Set when these lines are the first of the import. */
  hasBegun = false;

  constructor(context: Context) {
    this.#context = context;
    this.#isOpen = context.state.importing;
  }

  take(line: ExportLine): void {
    if (this.isDone) throw invalidField('type', 'must not come after the end');
    const { audit, members, incoming } = this.#context;
    if (line.type === 'export') this.#begin();
    else if (!this.#isOpen) throw invalidField('type', 'must be export in the first line');
    else if (line.type === 'message')
      this.#message(ended({ ...line, sender: nameFor(line.senderId, line.sender) }));
    else if (line.type === 'reactions') this.#reactions(line);
    else if (line.type === 'act') audit.restore(line);
    else if (line.type === 'member')
      members.restore({ ...line, username: nameFor(line.userId, line.username) });
    else if (line.type === 'incoming') incoming.put(line, null);
    else if (line.type === 'value') this.#value(line);
    else this.#end(line);
  }

  #value({ seq, userId, value }: LineOf<'value'>): void {
    const { messages, perUser } = this.#context;
    const message = messages.find(seq);
    if (message !== undefined && message.deletedAt === undefined) perUser.put(seq, userId, value);
  }

  #begin(): void {
    const { room, state, members, audit } = this.#context;
    if (this.#isOpen) return;
    if (state.rev > 0 || !members.isEmpty()) {
      throw new Refusal(
        'conflict',
        'This room is not empty: import into another one, or delete this one and reopen it.',
      );
    }
    // Such as the entry of its reopening: the imported room brings its own log.
    audit.clear();
    room.beginImport();
    this.hasBegun = true;
    this.#isOpen = true;
  }

  #message(line: LineOf<'message'>): void {
    const { records, mentions, search } = this.#context;
    if (line.seq > line.rev) throw invalidField('seq', 'must not be above rev');
    if (line.mentions !== undefined) line.mentions = [...new Set(line.mentions)];
    const rev = records.revOf(line.seq);
    if (rev !== undefined && rev >= line.rev) return;
    if (rev !== undefined) this.#remove(line.seq, line.deletedAt === undefined);
    this.#takeFiles(line);
    const taken = records.add(line) === undefined ? undefined : this.#addAgain(line);
    if (taken !== undefined) throw invalidField(taken, 'must not be that of another message');
    mentions.add(line.seq, mentionedOthers(line));
    if (line.deletedAt === undefined) search.add(line);
  }

  /** Assigns a message's files to it; those whose bytes were not imported are left out. */
  #takeFiles(line: LineOf<'message'>): void {
    const { files } = this.#context;
    const named = line.deletedAt === undefined ? (line.files ?? []) : [];
    const taken = named.filter((file) => this.#takeFile(file, line, null));
    for (const { fileId, preview } of taken) {
      if (preview !== undefined) this.#takeFile({ ...preview, name: '' }, line, fileId);
    }
    delete line.files;
    if (taken.length > 0) line.files = taken.map(({ fileId }) => files.infoOf(files.find(fileId)!));
  }

  /** @returns whether the bytes are there, and in no other message */
  #takeFile(
    { fileId, name, sha256 }: FileInfo,
    { seq, senderId }: LineOf<'message'>,
    previewOf: string | null,
  ): boolean {
    const { files } = this.#context;
    const row = files.find(fileId);
    if (row?.sha256 !== sha256 || row.seq !== null) return false;
    files.adopt(fileId, { uploaderId: senderId, name: fileName(name), previewOf, seq });
    return true;
  }

  /**
   * An id can occur twice if its first message was pruned during the export and then sent again: the
   * later message keeps it.
   */
  #addAgain(line: LineOf<'message'>): 'rev' | 'id' | undefined {
    const { records, messages } = this.#context;
    const first = messages.byClientId(line.senderId, line.id);
    if (first !== undefined && first.seq < line.seq) this.#remove(first.seq);
    return records.add(line);
  }

  /** @param isReplaced whether a later state of the message follows: then users' values stay */
  #remove(seq: number, isReplaced = false): void {
    const { records, messages, files } = this.#context;
    const message = messages.find(seq);
    if (message === undefined) return;
    if (isReplaced) files.release(seq);
    const remove = isReplaced ? removeContent : removeDependents;
    this.effects.push(...remove(this.#context, message));
    records.remove(seq);
  }

  #reactions({ seq, rev, emoji, userIds }: LineOf<'reactions'>): void {
    const { messages, reactions } = this.#context;
    const message = messages.find(seq);
    // The line is about a state of the message that a later line replaced.
    if (message === undefined || message.rev !== rev) return;
    const kind = emojiKind(emoji);
    // Earlier versions accepted some emojis that are invisible.
    if (!isVisible(kind)) return;
    const count = reactions.restore(seq, kind, userIds);
    messages.setReactions(seq, rev, { ...message.reactions, [kind]: count });
  }

  #end({ type: _, ...record }: LineOf<'end'>): void {
    const { records, room, messages, sentStates, files, now } = this.#context;
    if (record.rev < records.newestRev())
      throw invalidField('rev', 'must not be below that of a message');
    const [oldest] = messages.oldest(1);
    const horizon = Math.min(record.horizon, oldest?.seq ?? Infinity);
    const restored: RoomRecord = { ...record, horizon, pins: this.#pinsIn(record) };
    room.finishImport(restored);
    files.expireUnsent(now);
    sentStates.markAll();
    this.isDone = true;
  }

  /** The pins of messages that were imported and are not deleted. */
  #pinsIn({ pins = [] }: Pick<LineOf<'end'>, 'pins'>): number[] {
    const { messages } = this.#context;
    const found = [...new Set(pins)].flatMap((seq) => messages.find(seq) ?? []);
    const kept = found.filter(({ deletedAt }) => deletedAt === undefined);
    return kept.slice(0, fixed.pins).map(({ seq }) => seq);
  }
}
