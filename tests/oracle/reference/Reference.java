import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.DefaultProfileValidationSupport;
import ca.uhn.fhir.context.support.IValidationSupport;
import ca.uhn.fhir.parser.IParser;
import ca.uhn.fhir.parser.LenientErrorHandler;
import ca.uhn.fhir.validation.FhirValidator;
import ca.uhn.fhir.validation.ResultSeverityEnum;
import ca.uhn.fhir.validation.SingleValidationMessage;
import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.hl7.fhir.common.hapi.validation.support.CommonCodeSystemsTerminologyService;
import org.hl7.fhir.common.hapi.validation.support.InMemoryTerminologyServerValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.PrePopulatedValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.SnapshotGeneratingValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.UnknownCodeSystemWarningValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.ValidationSupportChain;
import org.hl7.fhir.common.hapi.validation.validator.FhirInstanceValidator;
import org.hl7.fhir.instance.model.api.IBaseResource;
import org.hl7.fhir.r4.model.StructureDefinition;
import org.hl7.fhir.r5.utils.validation.constants.BestPracticeWarningLevel;
import org.hl7.fhir.utilities.npm.NpmPackage;

/**
 * HL7's validator as HAPI embeds it: reads resources from standard input, one a line, and answers each
 * with a line of JSON on standard output (its issues, or what it broke with), in the same order.
 *
 * <p>Arguments: the level (strict or structure-only), what an unknown profile is worth (error or
 * warning), the number of threads, then the packages (.tgz). Only HAPI's public API is used, so that
 * one source runs with every version.
 */
public class Reference {
  private static final FhirContext CONTEXT = FhirContext.forR4();
  private static final Gson JSON = new GsonBuilder().disableHtmlEscaping().create();
  private static final Set<String> DEFINITIONS =
      Set.of("StructureDefinition", "ValueSet", "CodeSystem", "Questionnaire", "SearchParameter");
  private static final int BATCH = 2000; // lines in memory at once

  /** R4's own definitions without its profiles on resources, for the level structure-only. */
  private static class BaseOnly extends DefaultProfileValidationSupport {
    BaseOnly(FhirContext context) {
      super(context);
    }

    private static boolean isBase(IBaseResource resource) {
      return !(resource instanceof StructureDefinition definition
          && definition.getKind() == StructureDefinition.StructureDefinitionKind.RESOURCE
          && definition.getDerivation() == StructureDefinition.TypeDerivationRule.CONSTRAINT);
    }

    private static <T extends IBaseResource> List<T> base(List<T> all) {
      return all == null ? null : all.stream().filter(BaseOnly::isBase).toList();
    }

    @Override
    public IBaseResource fetchStructureDefinition(String url) {
      IBaseResource found = super.fetchStructureDefinition(url);
      return isBase(found) ? found : null;
    }

    @Override
    public <T extends IBaseResource> T fetchResource(Class<T> type, String url) {
      T found = super.fetchResource(type, url);
      return isBase(found) ? found : null;
    }

    @Override
    public List<IBaseResource> fetchAllConformanceResources() {
      return base(super.fetchAllConformanceResources());
    }

    @Override
    public <T extends IBaseResource> List<T> fetchAllStructureDefinitions() {
      return base(super.<T>fetchAllStructureDefinitions());
    }

    @Override
    public <T extends IBaseResource> List<T> fetchAllNonBaseStructureDefinitions() {
      return base(super.<T>fetchAllNonBaseStructureDefinitions());
    }
  }

  public static void main(String[] arguments) throws Exception {
    boolean strict = arguments[0].equals("strict");
    boolean unknownFails = arguments[1].equals("error");
    int threads = Integer.parseInt(arguments[2]);
    FhirValidator validator =
        validator(support(strict, List.of(arguments).subList(3, arguments.length)), unknownFails);
    ExecutorService pool = Executors.newFixedThreadPool(threads);
    PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
    try (BufferedReader lines =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
      for (List<String> batch = batch(lines); !batch.isEmpty(); batch = batch(lines)) {
        List<Callable<String>> tasks = new ArrayList<>();
        for (String line : batch) {
          tasks.add(() -> JSON.toJson(answer(validator, line, unknownFails)));
        }
        for (Future<String> answered : pool.invokeAll(tasks)) {
          out.println(answered.get());
        }
      }
    }
    out.flush();
    pool.shutdown();
  }

  private static List<String> batch(BufferedReader lines) throws IOException {
    List<String> batch = new ArrayList<>();
    for (String line; batch.size() < BATCH && (line = lines.readLine()) != null; ) {
      batch.add(line);
    }
    return batch;
  }

  private static IValidationSupport support(boolean strict, List<String> packages)
      throws IOException {
    PrePopulatedValidationSupport held = new PrePopulatedValidationSupport(CONTEXT);
    for (String path : packages) {
      add(held, path);
    }
    UnknownCodeSystemWarningValidationSupport unknownSystems =
        new UnknownCodeSystemWarningValidationSupport(CONTEXT);
    unknownSystems.setNonExistentCodeSystemSeverity(IValidationSupport.IssueSeverity.WARNING);
    return new ValidationSupportChain(
        strict ? new DefaultProfileValidationSupport(CONTEXT) : new BaseOnly(CONTEXT),
        held,
        new CommonCodeSystemsTerminologyService(CONTEXT),
        new InMemoryTerminologyServerValidationSupport(CONTEXT),
        new SnapshotGeneratingValidationSupport(CONTEXT),
        unknownSystems);
  }

  /** Adds a package's definitions; one that R4's parser refuses is told and left out. */
  private static void add(PrePopulatedValidationSupport held, String path) throws IOException {
    IParser parser = CONTEXT.newJsonParser();
    parser.setParserErrorHandler(new LenientErrorHandler(false));
    try (FileInputStream file = new FileInputStream(path)) {
      NpmPackage pack = NpmPackage.fromPackage(file);
      for (String name : pack.list("package")) {
        if (!name.endsWith(".json")) {
          continue;
        }
        String text =
            new String(pack.load("package", name).readAllBytes(), StandardCharsets.UTF_8);
        Map<?, ?> fields = JSON.fromJson(text, Map.class);
        if (!DEFINITIONS.contains(Objects.toString(fields.get("resourceType")))) {
          continue;
        }
        try {
          held.addResource(parser.parseResource(text));
        } catch (RuntimeException refused) {
          System.err.println("left out: " + path + " " + name + ": " + refused.getMessage());
        }
      }
    }
  }

  private static FhirValidator validator(IValidationSupport support, boolean unknownFails) {
    FhirInstanceValidator module = new FhirInstanceValidator(support);
    module.setAnyExtensionsAllowed(true);
    module.setErrorForUnknownProfiles(unknownFails);
    module.setBestPracticeWarningLevel(BestPracticeWarningLevel.Ignore);
    module.setNoExtensibleWarnings(false);
    module.setAssumeValidRestReferences(true);
    return CONTEXT.newValidator().registerValidatorModule(module);
  }

  private static Map<String, Object> answer(
      FhirValidator validator, String line, boolean unknownFails) {
    Map<String, Object> answer = new LinkedHashMap<>();
    List<Map<String, String>> issues = new ArrayList<>();
    try {
      for (SingleValidationMessage message : validator.validateWithResult(line).getMessages()) {
        issues.add(issue(message, unknownFails));
      }
    } catch (Exception | StackOverflowError broken) {
      answer.put("crash", broken.getClass().getSimpleName() + ": " + broken.getMessage());
    }
    answer.put("issues", issues);
    return answer;
  }

  private static Map<String, String> issue(SingleValidationMessage message, boolean unknownFails) {
    String text = Objects.toString(message.getMessage(), "");
    ResultSeverityEnum severity = message.getSeverity();
    if (!unknownFails && text.startsWith("Invalid profile. Failed to retrieve profile")) {
      severity = ResultSeverityEnum.WARNING; // HAPI adds this one whatever it is told
    }
    Map<String, String> issue = new LinkedHashMap<>();
    issue.put("severity", severity.getCode());
    issue.put("location", Objects.toString(message.getLocationString(), ""));
    issue.put("id", Objects.toString(message.getMessageId(), ""));
    issue.put("text", text);
    return issue;
  }
}
