import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.DefaultProfileValidationSupport;
import ca.uhn.fhir.context.support.IValidationSupport;
import com.google.gson.JsonParser;
import com.sun.management.OperatingSystemMXBean;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.hl7.fhir.common.hapi.validation.support.CommonCodeSystemsTerminologyService;
import org.hl7.fhir.common.hapi.validation.support.InMemoryTerminologyServerValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.PrePopulatedValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.SnapshotGeneratingValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.UnknownCodeSystemWarningValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.ValidationSupportChain;
import org.hl7.fhir.common.hapi.validation.validator.FhirDefaultPolicyAdvisor;
import org.hl7.fhir.common.hapi.validation.validator.FhirInstanceValidator;
import org.hl7.fhir.common.hapi.validation.validator.WorkerContextValidationSupportAdapter;
import org.hl7.fhir.instance.model.api.IBaseResource;
import org.hl7.fhir.r4.model.StructureDefinition;
import org.hl7.fhir.r5.context.IWorkerContext;
import org.hl7.fhir.r5.elementmodel.Manager.FhirFormat;
import org.hl7.fhir.r5.utils.XVerExtensionManager;
import org.hl7.fhir.r5.utils.validation.ValidatorSession;
import org.hl7.fhir.r5.utils.validation.constants.BestPracticeWarningLevel;
import org.hl7.fhir.r5.utils.validation.constants.IdStatus;
import org.hl7.fhir.utilities.npm.NpmPackage;
import org.hl7.fhir.utilities.validation.ValidationMessage;
import org.hl7.fhir.validation.ValidatorSettings;
import org.hl7.fhir.validation.instance.InstanceValidator;

/**
 * What every program that is measured does (see ../../measure.py), for HL7's validator inside HAPI: Peer FILE LEVEL PACKAGE...
 *
 * <p>The validator is kept between resources; HAPI's own front makes one for each and is several times slower. One thread judges.
 */
public final class Peer {
  /** CPU seconds of warm passes after which no further one begins: long, and the fastest counts, because it gets faster for long. */
  private static final double ENOUGH = 12;

  private static final FhirContext CONTEXT = FhirContext.forR4();
  private static final OperatingSystemMXBean PROCESS = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

  /** Value sets that no offline validator holds; the reference verdicts leave them out too. */
  private static final Set<String> NO_SOURCE = Set.of("TERMINOLOGY_TX_BINDING_NOSOURCE", "TERMINOLOGY_TX_BINDING_NOSOURCE2");

  private final IWorkerContext context;
  private final InstanceValidator validator;

  private Peer(boolean strict, List<String> packages) throws IOException {
    context = WorkerContextValidationSupportAdapter.newVersionSpecificWorkerContextWrapper(support(strict, packages));
    validator = new InstanceValidator(
        context, new FhirInstanceValidator.NullEvaluationContext(), new XVerExtensionManager(context), new ValidatorSession(), new ValidatorSettings());
    validator.setAnyExtensionsAllowed(true);
    validator.setAssumeValidRestReferences(true);
    validator.setBestPracticeWarningLevel(BestPracticeWarningLevel.Ignore);
    validator.setErrorForUnknownProfiles(strict);
    validator.setPolicyAdvisor(new FhirDefaultPolicyAdvisor());
    validator.setResourceIdRule(IdStatus.OPTIONAL);
    validator.setUnknownCodeSystemsCauseErrors(true);
  }

  /** The core definitions; without the profiles on resource types, which the level structure-only does not look at. */
  private static final class BaseOnly extends DefaultProfileValidationSupport {
    BaseOnly() {
      super(CONTEXT);
    }

    private static <T extends IBaseResource> T base(T found) {
      boolean profile = found instanceof StructureDefinition definition
          && definition.getKind() == StructureDefinition.StructureDefinitionKind.RESOURCE
          && definition.getDerivation() == StructureDefinition.TypeDerivationRule.CONSTRAINT;
      return profile ? null : found;
    }

    @Override
    public IBaseResource fetchStructureDefinition(String url) {
      return base(super.fetchStructureDefinition(url));
    }

    @Override
    public <T extends IBaseResource> T fetchResource(Class<T> type, String url) {
      return base(super.fetchResource(type, url));
    }
  }

  private static IValidationSupport support(boolean strict, List<String> packages) throws IOException {
    var unknown = new UnknownCodeSystemWarningValidationSupport(CONTEXT);
    unknown.setNonExistentCodeSystemSeverity(IValidationSupport.IssueSeverity.WARNING);
    return new ValidationSupportChain(
        strict ? new DefaultProfileValidationSupport(CONTEXT) : new BaseOnly(),
        definitions(packages),
        new CommonCodeSystemsTerminologyService(CONTEXT),
        new InMemoryTerminologyServerValidationSupport(CONTEXT),
        new SnapshotGeneratingValidationSupport(CONTEXT),
        unknown);
  }

  private static IValidationSupport definitions(List<String> packages) throws IOException {
    var found = new PrePopulatedValidationSupport(CONTEXT);
    var parser = CONTEXT.newJsonParser();
    for (String name : packages) {
      var guide = NpmPackage.fromPackage(new FileInputStream(name));
      for (String file : guide.listResources("StructureDefinition", "ValueSet", "CodeSystem")) {
        found.addResource(parser.parseResource(new String(guide.load("package", file).readAllBytes(), StandardCharsets.UTF_8)));
      }
    }
    return found;
  }

  private boolean accepts(String line) {
    var messages = new ArrayList<ValidationMessage>();
    try {
      validator.validate(null, messages, new ByteArrayInputStream(line.getBytes(StandardCharsets.UTF_8)), FhirFormat.JSON, profiles(line));
    } catch (Exception broken) { // it breaks on some lines that are wrong
      return false;
    }
    return messages.stream().noneMatch(one -> one.getLevel().isError() && !NO_SOURCE.contains(String.valueOf(one.getMessageId())));
  }

  /** Those that the resource claims and that are known; unknown ones the validator reports itself. */
  private List<org.hl7.fhir.r5.model.StructureDefinition> profiles(String line) {
    var meta = JsonParser.parseString(line).getAsJsonObject().getAsJsonObject("meta");
    var found = new ArrayList<org.hl7.fhir.r5.model.StructureDefinition>();
    if (meta != null && meta.has("profile")) {
      for (var url : meta.getAsJsonArray("profile")) {
        var profile = context.fetchResource(org.hl7.fhir.r5.model.StructureDefinition.class, url.getAsString());
        if (profile != null) {
          found.add(profile);
        }
      }
    }
    return found;
  }

  private List<Integer> refused(List<String> lines) {
    var places = new ArrayList<Integer>();
    for (int place = 0; place < lines.size(); place++) {
      if (!accepts(lines.get(place))) {
        places.add(place);
      }
    }
    return places;
  }

  private static double seconds() {
    return PROCESS.getProcessCpuTime() / 1e9;
  }

  /** Of this thread alone: a warm pass is not charged for compiling and collecting in the background. */
  private static double ownSeconds() {
    return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() / 1e9;
  }

  private static double peak() throws IOException {
    var line = Files.readAllLines(Path.of("/proc/self/status")).stream().filter(one -> one.startsWith("VmHWM")).findFirst().orElseThrow();
    return Double.parseDouble(line.replaceAll("\\D", "")) / 1024;
  }

  /** Bytes that are no UTF-8 become U+FFFD: such a line is the validator's to refuse. */
  private static BufferedReader read(Path file) throws IOException {
    return new BufferedReader(new InputStreamReader(Files.newInputStream(file), StandardCharsets.UTF_8));
  }

  public static void main(String[] arguments) throws IOException {
    var file = Path.of(arguments[0]);
    var peer = new Peer(arguments[1].equals("strict"), List.of(arguments).subList(2, arguments.length));
    try (var first = read(file)) {
      peer.accepts(first.readLine());
    }
    System.out.println("first");
    double start = seconds();
    List<String> lines;
    try (var all = read(file)) {
      lines = all.lines().toList();
    }
    var refused = peer.refused(lines);
    double cold = seconds() - start;
    var passes = new ArrayList<Double>();
    while (passes.stream().mapToDouble(Double::doubleValue).sum() < ENOUGH) {
      double began = ownSeconds();
      peer.refused(lines);
      passes.add(ownSeconds() - began);
    }
    double warm = passes.stream().mapToDouble(Double::doubleValue).min().orElseThrow();
    var places = refused.stream().map(String::valueOf).collect(Collectors.joining(","));
    System.out.printf(
        "{\"start_seconds\":%.3f,\"cold_seconds\":%.3f,\"warm_seconds\":%.3f,\"peak_mb\":%.1f,\"refused\":[%s]}%n", start, cold, warm, peak(), places);
  }
}
