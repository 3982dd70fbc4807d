import type { PageTexts } from "./en.js";

/** Korean. */
export const ko: PageTexts = {
  reference: "참조 번호",
  denyTitle: "접근이 거부되었습니다",
  denyMessage: "현재 이 사이트는 사용 중이신 네트워크 주소에서 보낸 요청을 받지 않습니다.",
  denyHelp:
    "잘못하신 일이 없다면 나중에 다시 시도하시거나, 아래 참조 번호를 적어 사이트 운영자에게 문의해 주세요.",
  unavailableTitle: "지금은 이용할 수 없습니다",
  unavailableMessage: "지금은 요청을 확인할 수 없습니다. 잠시 후 다시 시도해 주세요.",
  cookiesTitle: "쿠키가 필요합니다",
  cookiesMessage:
    "이 사이트는 사람이 방문했는지 한 번만 확인하고 그 결과를 쿠키에 저장합니다. 브라우저가 쿠키를 돌려보내지 않았습니다.",
  cookiesHelp: "이 사이트의 쿠키를 허용한 뒤 다시 시도해 주세요.",
  tryAgain: "다시 시도",
  challengeTitle: "잠시만 기다려 주세요",
  challengeMessage: "사람이 방문했는지 확인하고 있습니다. 한 번만 진행되며 잠시면 끝납니다.",
  working: "브라우저를 확인하는 중…",
  done: "완료되었습니다. 페이지로 이동하는 중…",
  slow: "평소보다 오래 걸리고 있습니다.",
  failed: "올바르지 않습니다. 새 문제를 풀어 주세요.",
  expired: "시간이 초과되었습니다. 새 문제를 풀어 주세요.",
  unreachable: "확인을 완료하지 못했습니다. 다시 시도해 주세요.",
  noscript: "이 확인에는 JavaScript가 필요합니다. JavaScript를 켜고 페이지를 새로 고쳐 주세요.",
  openTab: "새 탭에서 열기",
  framed: "다른 사이트 안에서는 이 페이지를 확인할 수 없습니다.",
  formTooLarge: "보내신 내용을 보관하지 못했습니다. 확인이 끝나면 뒤로 돌아가 다시 보내 주세요.",
  captchaLabel: "보이는 문자를 입력해 주세요",
  captchaImage: "문자가 있는 이미지",
  captchaNew: "새 이미지",
  captchaHard: "읽기 어려워요",
  audioLabel: "들리는 숫자를 입력해 주세요",
  audioPlay: "소리 재생",
  audioNew: "새 음성",
  captchaWork: "대신 브라우저가 처리하게 하기",
  submit: "계속",
  providerFrame: "외부 서비스의 확인",
};
