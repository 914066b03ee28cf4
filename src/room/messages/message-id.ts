/**
 * The id of a message whose sender gave none: a UUID that begins with the time (RFC 9562, version 7).
 * The ids of one sender are then neighbours in the index of ids, so a commit of many messages writes a
 * page for each sender, not one for each message.
 * @param uuid a random one, of any version
 * @param now epoch milliseconds
 * @example messageId('9b2f6a4e-0c1d-4f3a-8b7e-5d6c7b8a9f01', 1_785_000_000_000) // '019f9a4a-7a00-7f3a-8b7e-5d6c7b8a9f01'
 */
export function messageId(uuid: string, now: number): string {
  const time = now.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${uuid.slice(15)}`;
}
