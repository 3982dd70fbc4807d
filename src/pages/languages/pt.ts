import type { PageTexts } from "./en.js";

/** Portuguese. */
export const pt: PageTexts = {
  reference: "Referência",
  denyTitle: "Acesso recusado",
  denyMessage: "No momento, este site não aceita solicitações do seu endereço de rede.",
  denyHelp:
    "Se você é uma pessoa e não fez nada de errado, tente novamente mais tarde ou escreva ao responsável pelo site, informando a referência abaixo.",
  unavailableTitle: "Indisponível no momento",
  unavailableMessage: "O site não conseguiu verificar o seu pedido agora. Tente novamente em instantes.",
  cookiesTitle: "É preciso permitir cookies",
  cookiesMessage:
    "Este site verifica uma única vez se a visita é de uma pessoa e guarda isso em um cookie. Seu navegador não devolveu o nosso cookie.",
  cookiesHelp: "Permita os cookies deste site e tente novamente.",
  tryAgain: "Tentar novamente",
  challengeTitle: "Um momento",
  challengeMessage:
    "Estamos verificando se a visita é de uma pessoa. Isso é feito uma única vez e leva só um momento.",
  working: "Verificando seu navegador…",
  done: "Pronto. Abrindo a página…",
  slow: "Está demorando mais que o normal.",
  failed: "Resposta incorreta. Aqui está um novo teste.",
  expired: "O tempo acabou. Aqui está um novo teste.",
  unreachable: "Não foi possível concluir a verificação. Tente novamente.",
  noscript: "Esta verificação precisa de JavaScript. Ative-o e recarregue a página.",
  openTab: "Abrir em uma nova aba",
  framed: "Esta página não pode ser verificada dentro de outro site.",
  formTooLarge: "Não foi possível guardar o que você enviou. Depois da verificação, volte e envie novamente.",
  captchaLabel: "Digite os caracteres que você vê",
  captchaImage: "Imagem com caracteres",
  captchaNew: "Nova imagem",
  captchaHard: "Não consigo ler",
  audioLabel: "Digite os algarismos que você ouve",
  audioPlay: "Reproduzir o som",
  audioNew: "Nova gravação",
  captchaWork: "Deixar o meu navegador fazer o trabalho",
  submit: "Continuar",
  providerFrame: "Verificação por um serviço externo",
};
