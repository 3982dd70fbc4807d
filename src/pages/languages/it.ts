import type { PageTexts } from "./en.js";

/** Italian. */
export const it: PageTexts = {
  reference: "Riferimento",
  denyTitle: "Accesso negato",
  denyMessage: "Al momento questo sito non accetta richieste dal suo indirizzo di rete.",
  denyHelp:
    "Se è una persona e non ha fatto nulla di scorretto, riprovi più tardi oppure scriva al proprietario del sito indicando il riferimento qui sotto.",
  unavailableTitle: "Non disponibile al momento",
  unavailableMessage: "Il sito non è riuscito a verificare la richiesta. Si prega di riprovare tra poco.",
  cookiesTitle: "Servono i cookie",
  cookiesMessage:
    "Questo sito verifica una sola volta che a visitarlo sia una persona e lo ricorda con un cookie. Il suo browser non ci ha restituito il cookie.",
  cookiesHelp: "Consenta i cookie per questo sito, poi riprovi.",
  tryAgain: "Riprova",
  challengeTitle: "Un momento",
  challengeMessage:
    "Stiamo verificando che a visitare il sito sia una persona. Si fa una sola volta e richiede un momento.",
  working: "Verifica del browser in corso…",
  done: "Fatto. Apertura della pagina…",
  slow: "Ci vuole più tempo del solito.",
  failed: "Risposta errata. Ecco una nuova verifica.",
  expired: "Tempo scaduto. Ecco una nuova verifica.",
  unreachable: "Non è stato possibile completare la verifica. Riprovi, per favore.",
  noscript: "Per questa verifica serve JavaScript. Lo attivi e ricarichi la pagina.",
  openTab: "Apri in una nuova scheda",
  framed: "Questa pagina non può essere verificata all’interno di un altro sito.",
  formTooLarge:
    "Non è stato possibile conservare i dati inviati. Dopo la verifica torni indietro e li invii di nuovo.",
  captchaLabel: "Scriva i caratteri che vede",
  captchaImage: "Immagine con caratteri",
  captchaNew: "Nuova immagine",
  captchaHard: "Non riesco a leggere",
  audioLabel: "Scriva le cifre che sente",
  audioPlay: "Riproduci l’audio",
  audioNew: "Nuova registrazione",
  captchaWork: "Lascia che sia il browser a fare il lavoro",
  submit: "Continua",
  providerFrame: "Verifica di un servizio esterno",
};
