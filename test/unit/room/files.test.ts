import { expect, it } from 'vitest';
import type { FileInfo } from '../../../src/protocol/objects.ts';
import { admin, DAY_MS, exportOf, person, RoomAtHand } from '../../support/room-at-hand.ts';
import { indexFileNames } from '../../../src/room/storage/index-again.ts';
import { checkIndex } from '../../support/check-index.ts';
import { refusal } from '../../support/visitor.ts';

const alice = person('alice');
const bob = person('bob');
const SHA256 = 'ab'.repeat(32);
const MIB = 1024 * 1024;

/** Uploads a file as a transport does that has stored the bytes. */
function upload(
  room: RoomAtHand,
  who = alice,
  about: { name?: string; size?: number; previewOf?: string } = {},
): FileInfo {
  const { fileId } = room.ask(who, 'reserveFile', { name: 'cat.png', size: 10, ...about });
  const stored = { type: 'image/png', sha256: SHA256, width: 40, height: 30 };
  return room.ask(who, 'completeFile', { fileId, ...stored }).file;
}

/** The keys that the file store is asked to delete. */
function deleted(room: RoomAtHand): string[] {
  return room.file
    .all<{ key: string }>("SELECT key FROM deliveries WHERE target = 'files' ORDER BY key")
    .map(({ key }) => key.replace(/^.+\//, ''));
}

function rowCount(room: RoomAtHand): number {
  return room.file.all<{ count: number }>('SELECT count(*) AS count FROM files')[0]!.count;
}

it("[FILE1] a message has its files' details in replies, history, search and export", () => {
  const room = new RoomAtHand();
  const file = upload(room);
  expect(file).toEqual({
    fileId: expect.any(String),
    name: 'cat.png',
    type: 'image/png',
    size: 10,
    sha256: SHA256,
    width: 40,
    height: 30,
  });
  const { message } = room.ask(alice, 'message', { message: 'look', files: [file.fileId] });
  expect(message.files).toEqual([file]);
  expect(room.ask(bob, 'getHistory', {}).messages[0]?.files).toEqual([file]);
  expect(room.ask(bob, 'getMissed', { after: '0:0' }).messages[0]?.files).toEqual([file]);
  expect(room.ask(bob, 'searchMessages', { query: 'look' }).results[0]?.files).toEqual([file]);
  expect(exportOf(room)).toContain(SHA256);
});

it('[FILE2] a message needs text or files', () => {
  const room = new RoomAtHand();
  const { fileId } = upload(room);
  const { message } = room.ask(alice, 'message', { message: '', files: [fileId, fileId] });
  expect(message.files).toHaveLength(1);
  const why = refusal(room.execute(alice, 'message', { message: '', files: [] }));
  expect(why).toMatchObject({ code: 'invalid_payload', field: 'message' });
});

it('[MSG1] an edit may remove the text of a message that has files, and of no other', () => {
  const room = new RoomAtHand();
  const { fileId } = upload(room);
  const { seq } = room.ask(alice, 'message', { message: 'look', files: [fileId] }).message;
  const { message } = room.ask(alice, 'editMessage', { seq, message: '' });
  expect(message).toMatchObject({ message: '', files: [{ fileId }] });
  const mentions = ['bob'];
  const edited = room.ask(alice, 'editMessage', { seq, message: '', mentions }).message;
  expect(edited).toMatchObject({ message: '', mentions });
  checkIndex(room.file);
  const { seq: plain } = room.ask(alice, 'message', { message: 'words' }).message;
  const why = refusal(room.execute(alice, 'editMessage', { seq: plain, message: '' }));
  expect(why).toMatchObject({ code: 'invalid_payload', field: 'message' });
});

it('[FILE2] a streamed message keeps its files, which are deleted with it', () => {
  const room = new RoomAtHand();
  const file = upload(room);
  const streamed = { message: '', streaming: true, files: [file.fileId] };
  const { seq } = room.ask(alice, 'message', streamed).message;
  room.ask(alice, 'appendMessage', { seq, offset: 0, text: 'a cat' });
  room.ask(alice, 'finishMessage', { seq });
  const [message] = room.ask(bob, 'getHistory', {}).messages;
  expect(message).toMatchObject({ message: 'a cat', files: [file] });
  room.ask(alice, 'deleteMessage', { seq });
  expect(deleted(room)).toEqual([file.fileId]);
});

it('[FILE3] a message may name stored files of its sender only, and each file once', () => {
  const room = new RoomAtHand();
  const { fileId } = upload(room);
  const reserved = room.ask(alice, 'reserveFile', { name: 'a', size: 1 }).fileId;
  const preview = upload(room, alice, { previewOf: fileId }).fileId;
  const say = (who: typeof alice, ...files: string[]) =>
    room.execute(who, 'message', { message: 'x', files });
  for (const [who, ...files] of [
    [bob, fileId],
    [alice, reserved],
    [alice, preview],
    [alice, 'absent'],
  ] as const) {
    expect(refusal(say(who, ...files)).code).toBe('file_not_found');
  }
  expect(refusal(say(alice, fileId, 'absent')).code).toBe('file_not_found');
  expect(say(alice, fileId).ok).toBe(true);
  expect(refusal(say(alice, fileId)).code).toBe('file_not_found');
  const many = Array.from({ length: 11 }, (_, at) => `f${at}`);
  expect(refusal(say(alice, ...many)).code).toBe('invalid_payload');
});

it('[FILE3] a message that is sent again is answered with the stored one and its files', () => {
  const room = new RoomAtHand();
  const file = upload(room);
  const sent = { message: '', id: 'once', files: [file.fileId] };
  room.ask(alice, 'message', sent);
  const again = room.ask(alice, 'message', sent);
  expect(again).toMatchObject({ duplicate: true, message: { files: [file] } });
});

it('[FILE4] a preview is shown with its file, and deleted with it', () => {
  const room = new RoomAtHand();
  const file = upload(room);
  const { name: _, ...preview } = upload(room, alice, { previewOf: file.fileId, size: 5 });
  const { message } = room.ask(alice, 'message', { message: '', files: [file.fileId] });
  expect(message.files).toEqual([{ ...file, preview }]);
  const other = refusal(
    room.execute(bob, 'reserveFile', { name: 'a', size: 1, previewOf: file.fileId }),
  );
  expect(other.code).toBe('file_not_found');
  room.ask(alice, 'deleteMessage', { seq: message.seq });
  expect(deleted(room)).toEqual([file.fileId, preview.fileId].toSorted());
});

it('[FILE4] the files of a message are deleted when it is deleted while it streams', () => {
  const room = new RoomAtHand();
  const { fileId } = upload(room);
  const streamed = { message: 'a', streaming: true, files: [fileId] };
  const { seq } = room.ask(alice, 'message', streamed).message;
  room.ask(alice, 'deleteMessage', { seq });
  expect(deleted(room)).toEqual([fileId]);
});

it('[FILE5] a file is visible to its uploader, and to all users of the room once it is in a message', () => {
  const room = new RoomAtHand();
  const { fileId } = upload(room);
  const read = (who: typeof alice) => room.execute(who, 'getFile', { fileId });
  expect(refusal(read(bob)).code).toBe('file_not_found');
  expect(read(alice)).toMatchObject({ ok: true, file: { fileId } });
  room.ask(alice, 'message', { message: '', files: [fileId] });
  expect(read(bob)).toMatchObject({ ok: true, file: { fileId } });
  room.ask(alice, 'banMember', { userId: 'bob' });
  expect(refusal(read(bob)).code).toBe('banned');
});

it('[FILE6] a file beyond the limits of a file, a user or a room is refused before it is uploaded', () => {
  const room = new RoomAtHand();
  const reserve = (who: typeof alice, size: number) =>
    room.execute(who, 'reserveFile', { name: 'a', size });
  expect(refusal(reserve(alice, 25 * MIB + 1)).code).toBe('too_large');
  for (let at = 0; at < 4; at++) expect(reserve(alice, 25 * MIB).ok).toBe(true);
  const tired = refusal(reserve(alice, 1));
  expect(tired).toMatchObject({ code: 'rate_limited', retryAfterMs: expect.any(Number) });
  room.now += tired.retryAfterMs!;
  expect(reserve(alice, 25 * MIB).ok).toBe(true);
  for (let user = 0; user < 35; user++) {
    expect(reserve(person(`u${user}`), 25 * MIB).ok).toBe(true);
  }
  // 1 GiB holds 40 files of 25 MiB and leaves 24 MiB.
  expect(refusal(reserve(bob, 25 * MIB)).code).toBe('too_large');
});

it('[FILE6] a failed upload is given back to the quotas, and its bytes are deleted', () => {
  const room = new RoomAtHand();
  for (let at = 0; at < 50; at++) {
    const { fileId } = room.ask(alice, 'reserveFile', { name: 'a', size: 25 * MIB });
    room.ask(bob, 'dropFile', { fileId });
    expect(rowCount(room)).toBe(1);
    room.ask(alice, 'dropFile', { fileId });
    room.ask(alice, 'dropFile', { fileId });
  }
  expect(rowCount(room)).toBe(0);
  expect(deleted(room)).toHaveLength(50);
});

it('[FILE6] an upload counts against the daily quota even if it is deleted', () => {
  const room = new RoomAtHand();
  for (let at = 0; at < 4; at++) {
    const { fileId } = upload(room, alice, { size: 25 * MIB });
    const { message } = room.ask(alice, 'message', { message: '', files: [fileId] });
    room.ask(alice, 'deleteMessage', { seq: message.seq });
  }
  expect(refusal(room.execute(alice, 'reserveFile', { name: 'a', size: 1 })).code).toBe(
    'rate_limited',
  );
});

it('[FILE6] only users who may send may upload', () => {
  const room = new RoomAtHand();
  room.ask(alice, 'message', { message: 'mine' });
  room.ask(bob, 'message', { message: 'hello' });
  room.ask(alice, 'muteMember', { userId: 'bob' });
  const upload = { name: 'a', size: 1 };
  expect(refusal(room.execute(bob, 'reserveFile', upload)).code).toBe('muted');
  room.ask(alice, 'setRole', { userId: 'carol', role: 'viewer' });
  for (const who of [person('carol'), { userId: 'guest:1', guest: true as const }]) {
    expect(refusal(room.execute(who, 'reserveFile', upload)).code).toBe('forbidden');
  }
});

it('[FILE7] a file that no message names within a day is deleted, also after a crash', () => {
  const room = new RoomAtHand();
  const stored = upload(room).fileId;
  const { fileId } = room.ask(alice, 'reserveFile', { name: 'a', size: 1 });
  const sent = upload(room);
  room.ask(alice, 'message', { message: '', files: [sent.fileId] });
  room.crash();
  room.now += DAY_MS - 1;
  room.wakeWhileDue();
  expect(rowCount(room)).toBe(3);
  room.now += 1;
  expect(room.wakeAt).toBeLessThanOrEqual(room.now);
  room.wake();
  expect(rowCount(room)).toBe(1);
  expect(deleted(room)).toEqual([stored, fileId].toSorted());
  expect(room.ask(bob, 'getFile', { fileId: sent.fileId }).file).toEqual(sent);
});

it('[FILE8] bytes of deleted, expired and erased messages are deleted, and all of an erased user', () => {
  const room = new RoomAtHand();
  room.ask(alice, 'message', { message: 'mine' });
  const send = (who: typeof alice) => {
    const { fileId } = upload(room, who);
    return { fileId, seq: room.ask(who, 'message', { message: '', files: [fileId] }).message.seq };
  };
  const gone = send(bob);
  const { message } = room.ask(bob, 'deleteMessage', { seq: gone.seq });
  expect(message.files).toBeUndefined();
  expect(deleted(room)).toEqual([gone.fileId]);

  const erased = send(bob);
  const waiting = upload(room, bob, { name: 'quintessa.png' }).fileId;
  while (!room.ask(admin, 'eraseUser', { userId: 'bob' }).done);
  expect(deleted(room)).toEqual([gone.fileId, erased.fileId, waiting].toSorted());
  expect(room.bytes().includes('quintessa')).toBe(false);

  const old = send(alice);
  room.ask(alice, 'updateRoom', { retentionDays: 1 });
  room.now += 2 * DAY_MS;
  room.wakeWhileDue();
  expect(deleted(room)).toContain(old.fileId);
  expect(rowCount(room)).toBe(0);
});

it('[FILE8] a user who has only uploaded a file is erased too', () => {
  const room = new RoomAtHand();
  upload(room, bob, { name: 'quintessa.png' });
  while (!room.ask(admin, 'eraseUser', { userId: 'bob' }).done);
  expect(rowCount(room)).toBe(0);
  expect(room.bytes().includes('quintessa')).toBe(false);
});

it("[FILE8] a deleted room's files are deleted now and a day later, those of its reopening are not", () => {
  const room = new RoomAtHand();
  const { fileId } = upload(room);
  room.ask(alice, 'message', { message: '', files: [fileId] });
  room.ask(admin, 'deleteRoom', {});
  expect(deleted(room)).toEqual(['*']);
  room.file.run('DELETE FROM deliveries');
  room.ask(admin, 'reopenRoom', {});
  const next = upload(room);
  room.ask(alice, 'message', { message: '', files: [next.fileId] });
  room.now += DAY_MS;
  room.wakeWhileDue();
  expect(deleted(room)).toEqual(['*']);
  expect(room.ask(bob, 'getFile', { fileId: next.fileId }).file).toEqual(next);
});

it('a deleted room without files owes the file store no deletion', () => {
  const room = new RoomAtHand();
  room.ask(alice, 'message', { message: 'hello' });
  room.ask(admin, 'deleteRoom', {});
  expect(deleted(room)).toEqual([]);
  expect(room.wakeAt).toBeUndefined();
});

it('[FILE16] a message is imported without its files if the export has no bytes of files', () => {
  const room = new RoomAtHand();
  const { fileId } = upload(room);
  room.ask(alice, 'message', { message: 'look', files: [fileId] });
  const other = new RoomAtHand('other');
  other.ask(admin, 'importRoom', { text: exportOf(room), line: 1 });
  const [message] = other.ask(alice, 'getHistory', {}).messages;
  expect(message).toMatchObject({ message: 'look' });
  expect(message?.files).toBeUndefined();
});

/** The pages of an export with files, each with its text and the files that it names. */
function exportWithFiles(room: RoomAtHand, between: () => void = () => {}) {
  const pages = [room.ask(admin, 'exportRoom', { files: true })];
  for (let page = pages[0]; page?.next !== undefined; pages.push(page)) {
    between();
    page = room.ask(admin, 'exportRoom', { files: true, cursor: page.next });
  }
  return pages;
}

/** Imports pages as a transport does: the files that a page names, once stored, before its text. */
function importWithFiles(room: RoomAtHand, pages: ReturnType<typeof exportWithFiles>): void {
  const stored = { type: 'image/png', sha256: SHA256, width: 40, height: 30 };
  for (const { text, files = [] } of pages) {
    for (const { fileId, size } of files) {
      room.ask(admin, 'importFile', { fileId, size });
      room.ask(admin, 'importFile', { fileId, size, stored });
    }
    room.ask(admin, 'importRoom', { text, line: 1 });
  }
}

it('[FILE16] files and previews move with their messages, even if the import crashes and is repeated', () => {
  const room = new RoomAtHand();
  const file = upload(room, alice, { name: '猫.png' });
  const preview = upload(room, alice, { previewOf: file.fileId, size: 5 });
  const { fileId } = upload(room);
  room.ask(alice, 'message', { message: 'look', files: [file.fileId, fileId] });
  const pages = exportWithFiles(room);
  expect(pages.flatMap(({ files = [] }) => files.map((one) => one.fileId))).toEqual([
    file.fileId,
    preview.fileId,
    fileId,
  ]);
  const other = new RoomAtHand('other');
  importWithFiles(other, pages.slice(0, -1));
  other.crash();
  other.now += 3 * DAY_MS;
  other.wakeWhileDue();
  importWithFiles(other, pages);
  expect(exportOf(other).replace('other', 'the room')).toBe(exportOf(room));
  const read = other.ask(bob, 'getFile', { fileId: file.fileId });
  expect(read).toMatchObject({ file: { name: '猫.png', preview: { size: 5 } } });
  expect(other.ask(bob, 'getFile', { fileId: preview.fileId }).file.size).toBe(5);
  expect(other.ask(bob, 'searchMessages', { query: '猫' }).results).toHaveLength(1);
  other.now += 3 * DAY_MS;
  other.wakeWhileDue();
  expect(rowCount(other)).toBe(3);
  other.ask(alice, 'deleteMessage', { seq: 1 });
  expect(deleted(other)).toEqual(expect.arrayContaining([file.fileId, preview.fileId, fileId]));
});

it('[FILE16] a message that is edited during the export keeps its files, a deleted one does not', () => {
  const room = new RoomAtHand();
  const long = { message: 'x'.repeat(8_000) };
  const send = (who = alice) => {
    const { fileId } = upload(room, who);
    return room.ask(who, 'message', { ...long, files: [fileId] }).message;
  };
  const [edited, gone] = [send(), send()];
  for (let at = 0; at < 100; at++) room.ask(person(`u${at}`), 'message', long);
  let count = 0;
  const pages = exportWithFiles(room, () => {
    if (++count !== 2) return;
    room.ask(alice, 'editMessage', { seq: edited.seq, message: 'changed' });
    room.ask(alice, 'deleteMessage', { seq: gone.seq });
  });
  expect(pages.length).toBeGreaterThan(2);
  const other = new RoomAtHand('other');
  importWithFiles(other, pages);
  const { messages } = other.ask(bob, 'getHistory', { after: 0, limit: 2 });
  expect(messages[0]).toMatchObject({ message: 'changed', files: edited.files });
  expect(messages[1]?.files).toBeUndefined();
  other.wakeWhileDue();
  expect(rowCount(other)).toBe(1);
  expect(deleted(other)).toEqual([gone.files?.[0]?.fileId]);
});

it('[FILE16] a file is imported only during an import, and deleted if no message names it', () => {
  const room = new RoomAtHand();
  const stored = { type: 'image/png', sha256: SHA256 };
  const file = { fileId: 'stray', size: 5, stored };
  expect(refusal(room.execute(admin, 'importFile', file)).field).toBe('type');
  const [first = '', ...lines] = exportOf(lived()).split('\n');
  room.ask(admin, 'importRoom', { text: first, line: 1 });
  expect(refusal(room.execute(alice, 'importFile', file)).code).toBe('unavailable');
  expect(room.ask(admin, 'importFile', file).isStored).toBe(true);
  expect(room.ask(admin, 'importFile', { ...file, size: 6 }).isStored).toBe(true);
  room.ask(admin, 'importRoom', { text: lines.join('\n'), line: 2 });
  room.wakeWhileDue();
  expect([rowCount(room), deleted(room)]).toEqual([0, ['stray']]);
});

/** A room with a message. */
function lived(): RoomAtHand {
  const room = new RoomAtHand('lived');
  room.ask(alice, 'message', { message: 'hello' });
  return room;
}

it('[FILE14] two days after an upload a sweep deletes bytes that belong to no file, in steps', () => {
  const room = new RoomAtHand();
  const { fileId } = upload(room);
  room.ask(alice, 'message', { message: '', files: [fileId] });
  room.crash();
  room.now += 2 * DAY_MS - 1;
  room.wakeWhileDue();
  expect(deleted(room)).toEqual([]);
  room.now += 1;
  room.wakeWhileDue();
  expect(deleted(room)).toEqual(['?']);
  const [row] = room.file.all<{ key: string }>("SELECT epoch || '/' || file_id AS key FROM files");
  room.file.run("DELETE FROM deliveries WHERE target = 'files'");
  const keys = [row!.key, 'epoch/gone', `other/${fileId}`];
  room.ask(admin, 'sweepFiles', { keys, next: 'epoch/z' });
  expect(deleted(room).toSorted()).toEqual(['?', fileId, 'gone'].toSorted());
  expect(room.file.all('SELECT swept_to AS at FROM room')).toEqual([{ at: 'epoch/z' }]);
  room.file.run("DELETE FROM deliveries WHERE target = 'files'");
  room.ask(admin, 'sweepFiles', { keys: ['epoch/zz'] });
  expect(deleted(room)).toEqual(['zz']);
  expect(room.file.all('SELECT swept_to AS at FROM room')).toEqual([{ at: null }]);
  expect(room.ask(bob, 'getFile', { fileId }).file).toMatchObject({ fileId });
});

it('[FILE14] the sweep deletes nothing of a deleted room, whose bytes another delivery deletes', () => {
  const room = new RoomAtHand();
  upload(room);
  room.ask(admin, 'deleteRoom', {});
  room.ask(admin, 'sweepFiles', { keys: ['epoch/a'] });
  expect(deleted(room)).toEqual(['*']);
});

it("[FILE15] a message is found by its files' names, also after edits, until it is deleted", () => {
  const room = new RoomAtHand();
  const send = (message: string, name: string, more = {}) => {
    const { fileId } = upload(room, alice, { name });
    return room.ask(alice, 'message', { message, files: [fileId], ...more }).message.seq;
  };
  const found = (query: string) =>
    room.ask(bob, 'searchMessages', { query }).results.map(({ seq, snippet }) => [seq, snippet]);
  const first = send('', 'Überblick 2026.pdf');
  const second = send('look', '会議室.png');
  const third = send('streams', 'walnut.txt', { streaming: true });
  expect(found('uberblick')).toEqual([[first, '\u0002Überblick\u0003 2026.pdf']]);
  expect(found('会議')).toEqual([[second, 'look\n\u0002会議\u0003室.png']]);
  expect(found('look pn')).toEqual([]);
  expect(found('walnut')).toEqual([]);
  room.ask(alice, 'finishMessage', { seq: third });
  expect(found('walnut')).toHaveLength(1);
  room.ask(alice, 'editMessage', { seq: second, message: 'see' });
  expect(found('look')).toEqual([]);
  expect(found('see 会議')).toHaveLength(1);
  checkIndex(room.file);
  room.ask(alice, 'deleteMessage', { seq: first });
  expect(found('uberblick')).toEqual([]);
  checkIndex(room.file);
});

it('[FILE15] names of files that an earlier version stored are indexed', () => {
  const room = new RoomAtHand();
  const { fileId } = upload(room, alice, { name: 'walnut.txt' });
  room.ask(alice, 'message', { message: 'look', files: [fileId] });
  room.ask(alice, 'message', { message: 'other' });
  room.ask(bob, 'searchMessages', { query: 'look' });
  // An index as the previous version left it.
  room.file.run("INSERT INTO search (search) VALUES ('delete-all')");
  indexFileNames(room.file);
  room.settle();
  room.crash();
  expect(room.ask(bob, 'searchMessages', { query: 'walnut' }).results).toHaveLength(1);
  checkIndex(room.file);
});

it("[FILE15] the inbox shows a message's file names if it has no text", () => {
  const room = new RoomAtHand();
  const send = (message: string, ...names: string[]) => {
    const files = names.map((name) => upload(room, alice, { name }).fileId);
    room.ask(alice, 'message', { message, files });
    const asked = room.ask({ userId: 'alice', admin: true }, 'getConversation', {
      userId: 'alice',
    });
    return asked.conversation.last?.excerpt;
  };
  expect(send('', 'cat.png')).toBe('📎 cat.png');
  expect(send('', '猫.png', 'שלום.pdf')).toBe('📎 猫.png, שלום.pdf');
  expect(send('look', 'cat.png')).toBe('look');
  expect(Array.from(send('', 'x'.repeat(200)) ?? '')).toHaveLength(100);
});
