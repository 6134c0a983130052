/** Events of the cluster, as they are kept. */
export const events = {
  'nav.events': ['Events', '事件'],
  'events.query': ['Words, "a phrase", fields.event.component:scheduler', '词、"短语"、fields.event.component:scheduler'],
  'events.kind': ['Kind', '类型'],
  'events.anyKind': ['Any kind', '全部类型'],
  'events.reason': ['Reason', '原因'],
  'events.anyReason': ['Any reason', '全部原因'],
  'events.anyType': ['Warnings and normal', '警告与正常'],
  'events.total': ['{shown} of {total} events, newest first', '{shown} / {total} 条事件，最新在前'],
  'events.times': ['{count} times', '{count} 次'],
  'events.noneHint': ['Nothing matches in this time range.', '此时间范围内没有匹配的事件。'],
  'events.noneYet': ['Nothing has happened in this time range, or this platform does not keep events yet. The Events tab of each object shows what the cluster itself still knows.', '此时间范围内没有事件，或平台尚未开始保存事件。各对象的“事件”页可查看集群当前仍保留的事件。'],
  'events.older': ['All events of {name}', '{name} 的全部事件'],
} as const
