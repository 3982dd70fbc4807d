import type { PageTexts } from "./en.js";

/** Turkish. */
export const tr: PageTexts = {
  reference: "Referans",
  denyTitle: "Erişim reddedildi",
  denyMessage: "Bu site şu anda ağ adresinizden gelen istekleri kabul etmiyor.",
  denyHelp:
    "Gerçek bir kişiyseniz ve yanlış bir şey yapmadıysanız daha sonra yeniden deneyin ya da aşağıdaki referansı belirterek site sahibine yazın.",
  unavailableTitle: "Şu anda kullanılamıyor",
  unavailableMessage: "Site isteğinizi şu anda denetleyemedi. Lütfen birazdan yeniden deneyin.",
  cookiesTitle: "Çerezler gerekli",
  cookiesMessage:
    "Bu site, ziyaretçinin bir insan olduğunu bir kez denetler ve bunu bir çerezde saklar. Tarayıcınız çerezimizi geri göndermedi.",
  cookiesHelp: "Lütfen bu site için çerezlere izin verin ve yeniden deneyin.",
  tryAgain: "Yeniden dene",
  challengeTitle: "Bir saniye",
  challengeMessage:
    "Ziyaretçinin bir insan olduğundan emin oluyoruz. Bu yalnızca bir kez yapılır ve kısa sürer.",
  working: "Tarayıcınız denetleniyor…",
  done: "Tamam. Sayfaya yönlendiriliyorsunuz…",
  slow: "Bu, her zamankinden uzun sürüyor.",
  failed: "Yanıt doğru değil. İşte yeni bir soru.",
  expired: "Süre doldu. İşte yeni bir soru.",
  unreachable: "Denetim tamamlanamadı. Lütfen yeniden deneyin.",
  noscript: "Bu denetim için JavaScript gerekiyor. Lütfen etkinleştirip sayfayı yenileyin.",
  openTab: "Yeni sekmede aç",
  framed: "Bu sayfa başka bir sitenin içindeyken denetlenemez.",
  formTooLarge: "Gönderdikleriniz saklanamadı. Lütfen denetimden sonra geri dönüp yeniden gönderin.",
  captchaLabel: "Gördüğünüz karakterleri yazın",
  captchaImage: "Karakterler içeren görsel",
  captchaNew: "Yeni görsel",
  captchaHard: "Bunu okuyamıyorum",
  audioLabel: "Duyduğunuz rakamları yazın",
  audioPlay: "Sesi çal",
  audioNew: "Yeni kayıt",
  captchaWork: "Bunun yerine işi tarayıcım yapsın",
  submit: "Devam et",
  providerFrame: "Harici bir hizmetin denetimi",
};
