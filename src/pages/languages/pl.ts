import type { PageTexts } from "./en.js";

/** Polish. */
export const pl: PageTexts = {
  reference: "Kod referencyjny",
  denyTitle: "Odmowa dostępu",
  denyMessage: "Ta strona nie przyjmuje obecnie żądań z Państwa adresu sieciowego.",
  denyHelp:
    "Jeśli stronę odwiedza człowiek i nie zrobił nic złego, prosimy spróbować później albo napisać do właściciela strony, podając poniższy kod referencyjny.",
  unavailableTitle: "Chwilowo niedostępne",
  unavailableMessage: "Strona nie mogła teraz sprawdzić tego żądania. Prosimy spróbować ponownie za chwilę.",
  cookiesTitle: "Potrzebne są pliki cookie",
  cookiesMessage:
    "Ta strona jednorazowo sprawdza, czy odwiedza ją człowiek, i zapamiętuje to w pliku cookie. Przeglądarka nie odesłała naszego pliku cookie.",
  cookiesHelp: "Prosimy zezwolić tej stronie na pliki cookie i spróbować ponownie.",
  tryAgain: "Spróbuj ponownie",
  challengeTitle: "Chwileczkę",
  challengeMessage: "Upewniamy się, że stronę odwiedza człowiek. Robimy to tylko raz i potrwa to chwilę.",
  working: "Sprawdzanie przeglądarki…",
  done: "Gotowe. Przechodzimy do strony…",
  slow: "Trwa to dłużej niż zwykle.",
  failed: "Odpowiedź jest nieprawidłowa. Oto nowe zadanie.",
  expired: "Czas minął. Oto nowe zadanie.",
  unreachable: "Nie udało się dokończyć sprawdzania. Prosimy spróbować ponownie.",
  noscript: "Do sprawdzenia potrzebny jest JavaScript. Prosimy go włączyć i odświeżyć stronę.",
  openTab: "Otwórz w nowej karcie",
  framed: "Tej strony nie można sprawdzić wewnątrz innej witryny.",
  formTooLarge:
    "Nie udało się zachować przesłanych danych. Po sprawdzeniu prosimy wrócić i wysłać je ponownie.",
  captchaLabel: "Proszę wpisać widoczne znaki",
  captchaImage: "Obraz ze znakami",
  captchaNew: "Nowy obraz",
  captchaHard: "Nie mogę tego odczytać",
  audioLabel: "Proszę wpisać usłyszane cyfry",
  audioPlay: "Odtwórz dźwięk",
  audioNew: "Nowe nagranie",
  captchaWork: "Niech zamiast tego pracuje moja przeglądarka",
  submit: "Dalej",
  providerFrame: "Sprawdzenie przez usługę zewnętrzną",
};
