import type { PageTexts } from "./en.js";

/** Dutch. */
export const nl: PageTexts = {
  reference: "Referentie",
  denyTitle: "Toegang geweigerd",
  denyMessage: "Deze site accepteert op dit moment geen verzoeken vanaf uw netwerkadres.",
  denyHelp:
    "Bent u een mens en hebt u niets verkeerd gedaan? Probeer het later opnieuw, of schrijf de eigenaar van de site en vermeld de referentie hieronder.",
  unavailableTitle: "Nu even niet beschikbaar",
  unavailableMessage: "De site kon uw verzoek zojuist niet controleren. Probeer het zo meteen opnieuw.",
  cookiesTitle: "Cookies zijn nodig",
  cookiesMessage:
    "Deze site controleert eenmalig of de bezoeker een mens is en onthoudt dat in een cookie. Uw browser heeft onze cookie niet teruggestuurd.",
  cookiesHelp: "Sta cookies toe voor deze site en probeer het opnieuw.",
  tryAgain: "Opnieuw proberen",
  challengeTitle: "Een ogenblik",
  challengeMessage: "We controleren of de bezoeker een mens is. Dat gebeurt één keer en duurt maar even.",
  working: "Uw browser wordt gecontroleerd…",
  done: "Klaar. U gaat nu naar de pagina…",
  slow: "Dit duurt langer dan normaal.",
  failed: "Dat klopte niet. Hier is een nieuwe opgave.",
  expired: "De tijd is om. Hier is een nieuwe opgave.",
  unreachable: "De controle kon niet worden voltooid. Probeer het opnieuw.",
  noscript: "Voor deze controle is JavaScript nodig. Schakel het in en laad de pagina opnieuw.",
  openTab: "Openen in een nieuw tabblad",
  framed: "Deze pagina kan niet binnen een andere site worden gecontroleerd.",
  formTooLarge:
    "Wat u hebt verstuurd, kon niet worden bewaard. Ga na de controle terug en verstuur het opnieuw.",
  captchaLabel: "Typ de tekens die u ziet",
  captchaImage: "Afbeelding met tekens",
  captchaNew: "Nieuwe afbeelding",
  captchaHard: "Ik kan dit niet lezen",
  audioLabel: "Typ de cijfers die u hoort",
  audioPlay: "Geluid afspelen",
  audioNew: "Nieuwe opname",
  captchaWork: "Laat in plaats daarvan mijn browser het werk doen",
  submit: "Doorgaan",
  providerFrame: "Controle door een externe dienst",
};
