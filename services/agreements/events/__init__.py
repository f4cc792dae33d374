"""The facts that this service publishes: its public contract.

`FACTS` is all of them; a test compares it with what the modules define.
"""

from services.agreements.events import agreements, contributions, joint, partners
from shared.facts import Fact

FACTS: tuple[type[Fact], ...] = (
    partners.PartnerRegistered,
    partners.PartnerRecorded,
    partners.PartnerRenamed,
    partners.PartnerIdentified,
    partners.PartnerRanked,
    partners.PartnerRetired,
    partners.PartnerCorrected,
    agreements.AgreementProposed,
    agreements.AgreementRecorded,
    agreements.AgreementSubmittedForReview,
    agreements.AgreementApproved,
    agreements.AgreementSigned,
    agreements.AgreementEnteredIntoForce,
    agreements.AgreementRenewed,
    agreements.AgreementPlacesChanged,
    agreements.AgreementLapsed,
    agreements.AgreementWithdrawn,
    agreements.AgreementSuspended,
    agreements.AgreementResumed,
    agreements.AgreementTerminated,
    agreements.AgreementSuperseded,
    agreements.AgreementDocumentAdded,
    agreements.AgreementDocumentRemoved,
    agreements.AgreementCorrected,
    joint.JointProgrammePlanned,
    joint.JointProgrammeRecorded,
    joint.JointProgrammeApproved,
    joint.JointProgrammeEstablished,
    joint.JointProgrammeClosed,
    joint.JointProgrammeCorrected,
    joint.JointProjectAppliedFor,
    joint.JointProjectRecorded,
    joint.JointProjectGranted,
    joint.JointProjectRejected,
    joint.JointProjectStarted,
    joint.JointProjectCompleted,
    joint.JointProjectCorrected,
    contributions.ContributionReceived,
    contributions.ContributionRecorded,
    contributions.ContributionCorrected,
)
