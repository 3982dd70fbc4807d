import type { PageTexts } from "./en.js";

/** Japanese. */
export const ja: PageTexts = {
  reference: "照会番号",
  denyTitle: "アクセスできません",
  denyMessage: "現在、このサイトではお使いのネットワークアドレスからのアクセスを受け付けていません。",
  denyHelp:
    "お心当たりがない場合は、時間をおいてもう一度お試しいただくか、下記の照会番号を添えてサイトの管理者にご連絡ください。",
  unavailableTitle: "現在ご利用いただけません",
  unavailableMessage: "ただいまリクエストを確認できませんでした。しばらくしてからもう一度お試しください。",
  cookiesTitle: "Cookie が必要です",
  cookiesMessage:
    "このサイトでは、人によるアクセスであることを一度だけ確認し、その結果を Cookie に保存します。お使いのブラウザーから Cookie が送られてきませんでした。",
  cookiesHelp: "このサイトの Cookie を許可してから、もう一度お試しください。",
  tryAgain: "もう一度試す",
  challengeTitle: "少々お待ちください",
  challengeMessage: "人によるアクセスであることを確認しています。確認は一度だけで、すぐに終わります。",
  working: "ブラウザーを確認しています…",
  done: "完了しました。ページに移動します…",
  slow: "通常より時間がかかっています。",
  failed: "正しくありません。新しい問題をお試しください。",
  expired: "時間切れです。新しい問題をお試しください。",
  unreachable: "確認を完了できませんでした。もう一度お試しください。",
  noscript: "この確認には JavaScript が必要です。有効にしてからページを再読み込みしてください。",
  openTab: "新しいタブで開く",
  framed: "ほかのサイトの中に表示されているため、確認できません。",
  formTooLarge:
    "送信された内容を保持できませんでした。確認が終わったら前のページに戻り、もう一度送信してください。",
  captchaLabel: "表示されている文字を入力してください",
  captchaImage: "文字の画像",
  captchaNew: "別の画像",
  captchaHard: "読み取れません",
  audioLabel: "聞こえた数字を入力してください",
  audioPlay: "音声を再生",
  audioNew: "別の音声",
  captchaWork: "代わりにブラウザーに処理させる",
  submit: "続ける",
  providerFrame: "外部サービスによる確認",
};
