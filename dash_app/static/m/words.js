// Words of the handheld. English is the source; every key stands in both languages (a test compares them).
const EN = {
  title: "My tasks",
  otherLanguage: "中文",
  scanLabel: "Scan, or type and press OK",
  ok: "OK",
  loading: "Loading …",
  noTasks: "No tasks. New ones appear here.",
  signIn: "Your session has ended. Sign in.",
  offline: "Offline: {count} steps wait and are sent by themselves.",
  sending: "{count} steps are being sent.",
  late: "late",
  due: "due {time}",
  mine: "mine",
  free: "nobody's yet",
  from: "From",
  to: "To",
  quantity: "{count} units",
  lots: "Take lot {lot}: {count}",
  back: "All tasks",
  start: "Start",
  done: "Done",
  blocked: "Cannot go on",
  scanSource: "Scan the shelf: {place}",
  scanItem: "Scan the item: {item}",
  scanTarget: "Scan the place: {place}",
  confirmDone: "Press Done when it is done.",
  wrong: "STOP – wrong one",
  wrongPlace: "Expected {expected}, scanned {found}.",
  understood: "Understood",
  picked: "Taken",
  delivered: "Delivered",
  started: "Started",
  completed: "Done",
  queued: "Noted, will be sent",
  undo: "Undo",
  undone: "Undone",
  refused: "The server refused it",
  conflict: "Already done by somebody else",
  restock: "Restock",
  clean: "Clean",
  transport: "Transport",
  maintain: "Maintain",
  retrieve: "Retrieve",
  count: "Count",
  notFound: "Not found there",
  damaged: "Damaged",
  noAccess: "Cannot get in",
};
const ZH = {
  title: "我的任务",
  otherLanguage: "English",
  scanLabel: "请扫码，或输入后按“确定”",
  ok: "确定",
  loading: "正在加载……",
  noTasks: "暂无任务。新任务会自动显示在这里。",
  signIn: "登录已失效，请重新登录。",
  offline: "离线：{count} 个步骤待发送，联网后自动发送。",
  sending: "正在发送 {count} 个步骤。",
  late: "已超时",
  due: "{time} 前完成",
  mine: "我的",
  free: "待领取",
  from: "从",
  to: "到",
  quantity: "{count} 个单位",
  lots: "请取批号 {lot}：{count}",
  back: "全部任务",
  start: "开始",
  done: "完成",
  blocked: "无法继续",
  scanSource: "请扫描货架：{place}",
  scanItem: "请扫描物品：{item}",
  scanTarget: "请扫描目的地：{place}",
  confirmDone: "完成后请按“完成”。",
  wrong: "停止——不对",
  wrongPlace: "应为 {expected}，扫到的是 {found}。",
  understood: "知道了",
  picked: "已取货",
  delivered: "已送达",
  started: "已开始",
  completed: "已完成",
  queued: "已记录，稍后发送",
  undo: "撤销",
  undone: "已撤销",
  refused: "服务器拒绝了该操作",
  conflict: "同事已经完成了这一步",
  restock: "补货",
  clean: "清洁",
  transport: "运送",
  maintain: "维护",
  retrieve: "取回",
  count: "盘点",
  notFound: "现场没有找到",
  damaged: "已损坏",
  noAccess: "无法进入",
};
export const WORDS = { en: EN, "zh-CN": ZH };

export function chosenLanguage() {
  const cookie = document.cookie.match(/(?:^|; )ht_language=(\w+)/);
  const wanted = cookie ? cookie[1] : navigator.language;
  return wanted.startsWith("zh") ? "zh-CN" : "en";
}

export function keepLanguage(language) {
  const value = language === "zh-CN" ? "zh_CN" : "en";
  document.cookie = `ht_language=${value}; path=/; max-age=31536000; SameSite=Lax`;
}

export function speaker(language) {
  return (key, values = {}) =>
    (WORDS[language][key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}
