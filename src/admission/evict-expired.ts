/** Takes the oldest entries out of a map whose newest stand last, up to the first that is not old. */
export function evictExpired<K, V>(map: Map<K, V>, isOld: (value: V) => boolean): void {
  for (const [key, value] of map) {
    if (!isOld(value)) return;
    map.delete(key);
  }
}
